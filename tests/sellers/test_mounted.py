"""Paywalls as ASGI apps: alone with a lifespan, and two side by side below the paths of another app."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from buyer import Budget, BuyerClient, Wallet
from paywall import Delivery, Fulfilment, FulfilmentRefused, Paywall, Settings, SetupError, UseOrder
from paywall.products.images.room import open_images
from paywall.rails.cardano.settings import CardanoSettings
from shared.keys import SigningKey
from tests.support.outside.dialect import ASK, SHOW, PlainDialect
from tests.support.outside.rail import VoucherRail
from tests.support.outside.resource import PRODUCT, Weather, weather
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import free_port
from tests.support.world.image_maker import PlainMaker
from tests.support.world.loop import in_loop
from tests.support.world.seller import make_blocks


def shop(devnet: DevnetProcess, folder: Path, **changes: Any) -> Paywall:
    settings = Settings(
        **{
            "data_dir": str(folder),
            "blockfrost_url": devnet.url,
            "batch_seconds": 0,
            "confirmations": 1,
            **changes,
        }
    )
    return Paywall(settings, resources=[open_images(settings, maker=PlainMaker())])


@asynccontextmanager
async def served(app: Any, port: int) -> AsyncIterator[None]:
    """By uvicorn, with the app's own lifespan."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="on", log_level="error"))
    running = asyncio.create_task(server.serve())
    while not server.started and not running.done():  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        await running


async def buy_and_use(url: str, folder: Path, devnet: DevnetProcess) -> None:
    """By the unmodified client: pay, use, and check the burn against the chain."""
    with closing(Wallet.create(folder / "wallet.db")) as wallet:
        devnet.faucet(wallet.address, 100_000_000)
        budget = Budget(per_purchase="5.00 USD")
        async with BuyerClient(url, wallet=wallet, budget=budget, wait=60) as client:
            receipt = await client.buy(credits=2)
            image = await client.generate(receipt, name="Abraham Lincoln")
            assert (await client.credits(receipt)).available == 1
            report = await client.verify(image.redemption_id, wait=60)
            assert report.outcome == "holds", report


def test_two_paywalls_in_one_starlette_app_sell_side_by_side(devnet: DevnetProcess, tmp_path: Path) -> None:
    async def story() -> None:
        port = free_port()
        shops = {
            name: shop(devnet, tmp_path / name, port=port, public_url=f"http://127.0.0.1:{port}/{name}")
            for name in ("north", "south")
        }

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                for one in shops.values():
                    await stack.enter_async_context(one.running())
                yield

        host = Starlette(routes=[Mount(f"/{name}", app) for name, app in shops.items()], lifespan=lifespan)
        async with make_blocks(devnet), served(host, port):
            urls = {name: f"http://127.0.0.1:{port}/{name}" for name in shops}
            for name in shops:
                (tmp_path / f"buyer {name}").mkdir()
            await asyncio.gather(
                *(buy_and_use(urls[name], tmp_path / f"buyer {name}", devnet) for name in shops)
            )
            async with httpx.AsyncClient() as http:
                catalogs = [(await http.get(f"{url}/api/catalog")).json() for url in urls.values()]
            assert [one["seller"] for one in catalogs] == [
                f"did:web:127.0.0.1%3A{port}:{name}" for name in shops
            ]
            assert catalogs[0]["token"] != catalogs[1]["token"]

    asyncio.run(story())


def test_a_receipt_of_one_paywall_buys_nothing_at_the_other(devnet: DevnetProcess, tmp_path: Path) -> None:
    async def story() -> None:
        one, other = shop(devnet, tmp_path / "one"), shop(devnet, tmp_path / "other")
        async with make_blocks(devnet), one.running() as seller, other.running():
            offer = await seller.selling.sell("image-credit", 1, None)
            transport = httpx.ASGITransport(other)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8402") as http:
                answer = await http.get(f"/api/payments/{offer.request.id}")
            assert answer.status_code == 404

    asyncio.run(story())


def test_a_paywall_starts_and_stops_itself_in_its_lifespan(devnet: DevnetProcess, tmp_path: Path) -> None:
    async def story() -> None:
        port = free_port()
        app = shop(devnet, tmp_path, port=port)
        async with make_blocks(devnet), served(app, port), httpx.AsyncClient() as http:
            answer = await http.post(f"http://127.0.0.1:{port}/api/images/buy", json={"credits": 1})
            assert answer.status_code == 402
        async with make_blocks(devnet), app.running() as again:  # nothing is held any more
            assert (
                await again.database.read(lambda tx: tx.connection.exec_driver_sql("SELECT 1"))
            ) is not None

    asyncio.run(story())


def test_a_paywall_that_cannot_start_says_why_in_its_lifespan(tmp_path: Path) -> None:
    said: list[dict[str, Any]] = []

    async def story() -> None:
        inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        inbox.put_nowait({"type": "lifespan.startup"})

        async def send(message: Any) -> None:
            said.append(dict(message))

        broken = Settings(
            data_dir=str(tmp_path),
            catalog=str(tmp_path / "nowhere.toml"),
            policy="none",
            blockfrost_url="http://127.0.0.1:1/api/v0",
        )
        await Paywall(broken)({"type": "lifespan"}, inbox.get, send)

    asyncio.run(story())
    assert [message["type"] for message in said] == ["lifespan.startup.failed"]
    assert "nowhere.toml" in said[0]["message"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"network": "mainnet"}, "BLOCKFROST_PROJECT_ID"),
        ({"batch_size": 0}, "PAYWALL_BATCH_SIZE"),
        ({"room_settings": (CardanoSettings(ada_usd="free"),)}, "PAYWALL_ADA_USD"),
        ({"room_settings": (CardanoSettings,)}, "one object for each room"),
        ({"room_settings": (CardanoSettings(), CardanoSettings(ada_usd="0.60"))}, "one object for each room"),
    ],
    ids=str,
)
@in_loop
async def test_settings_from_a_program_are_held_to_the_rules_of_those_from_the_environment(
    tmp_path: Path, wrong: dict[str, Any], why: str
) -> None:
    settings = Settings(data_dir=str(tmp_path / "data"), **wrong)
    with pytest.raises(SetupError, match=why):
        async with Paywall(settings).running():
            pytest.fail("it runs")
    assert not (tmp_path / "data").exists()


def answers_after(fulfilment: Fulfilment, folder: Path) -> list[int]:
    """The statuses of a use of this resource, of the same use again, and of the credits that are left."""
    settings = Settings(data_dir=str(folder), rails="voucher", policy="none")
    rails, product = [VoucherRail({"code": 90}, 0)], PRODUCT
    sold = replace(weather(folder / "deliveries"), fulfilment=fulfilment)
    app = Paywall(settings, resources=[sold], products=[product], rails=rails, dialects=[PlainDialect()])

    async def story() -> list[int]:
        base = "http://127.0.0.1:8402"
        async with (
            app.running(),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base) as http,
        ):
            asked = await http.post("/api/weather/buy", json={"credits": 6})
            shown = {
                SHOW: f"{SigningKey.generate().public.did} code {asked.headers[ASK].partition('token=')[2]}"
            }
            paid = await http.post("/api/payments", headers=shown)
            bearer = {"Authorization": f"Bearer {paid.json()['ours']}", "Idempotency-Key": "one"}
            uses = [
                await http.post("/api/weather/report", json={"town": "x"}, headers=bearer) for _ in range(2)
            ]
            left = (await http.get("/api/credits", headers=bearer)).json()
            return [*(use.status_code for use in uses), left["available"], left["reserved"]]

    return asyncio.run(story())


class Cancelling(Weather):
    async def perform(self, order: UseOrder) -> Delivery:
        raise asyncio.CancelledError


class Ragged(Weather):
    async def perform(self, order: UseOrder) -> Delivery:
        raise FulfilmentRefused("no \ud800\x00\n" + "x" * 2_000_000)


def test_a_fulfilment_that_cancels_itself_has_failed_and_takes_no_credit(tmp_path: Path) -> None:
    assert answers_after(Cancelling(), tmp_path) == [502, 502, 6, 0]


def test_a_refusal_in_words_that_no_store_holds_is_kept_in_those_that_one_does(tmp_path: Path) -> None:
    assert answers_after(Ragged(), tmp_path) == [422, 422, 6, 0]
