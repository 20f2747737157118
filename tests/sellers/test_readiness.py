"""Ready or not: told to everybody, explained to the operator, and looked at rarely however many ask."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from paywall import Paywall, Settings
from paywall.database.engine import Database
from paywall.errors import StorageUnavailable
from paywall.ops.readiness import Readiness
from paywall.web.operations import OperationRoutes, operator_app
from shared.chain.base import ChainError
from tests.support.outside.rail import VoucherRail
from tests.support.outside.resource import PRODUCT, weather
from tests.support.world.loop import in_loop
from tests.support.world.scenes.stage import check_problem

BASE = "http://127.0.0.1:8402"


def client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)


class CountedChain:
    """A chain that answers when `open` is set, or cannot be reached; `asked` is how often it was tried."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.reachable = True

    async def tip(self) -> None:
        self.asked += 1
        await self.open.wait()
        if not self.reachable:
            raise ChainError("no route")


def looking(database: Database, chain: Any) -> Readiness:
    return Readiness(database, chain, None, 0)


@in_loop
async def test_a_hundred_that_ask_at_once_are_one_look_and_one_that_leaves_takes_it_from_nobody(
    database: Database,
) -> None:
    chain = CountedChain()
    ready = looking(database, chain)
    asking = [asyncio.create_task(ready.look()) for _ in range(100)]
    while not chain.asked:  # noqa: ASYNC110  the chain is asked in a task of its own
        await asyncio.sleep(0)
    asking.pop(0).cancel()
    chain.open.set()
    assert await asyncio.gather(*asking) == [{"database": "ok", "chain": "ok"}] * 99
    assert chain.asked == 1
    await ready.look()
    assert chain.asked == 1


@in_loop
async def test_a_look_counts_for_five_seconds_where_all_is_well_and_for_one_where_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    began, passed = loop.time(), 0.0
    monkeypatch.setattr(loop, "time", lambda: began + passed)
    chain = CountedChain()
    chain.open.set()
    ready = looking(database, chain)
    assert (await ready.look())["chain"] == "ok"
    chain.reachable = False
    passed = 4.9
    assert (await ready.look())["chain"] == "ok"
    passed = 5.1
    assert await ready.look() == {"database": "ok", "chain": "not reachable: no route"}
    passed = 6.0
    await ready.look()
    assert chain.asked == 2
    passed = 6.2
    await ready.look()
    assert chain.asked == 3


@in_loop
async def test_strangers_learn_that_it_is_not_ready_and_the_operator_why() -> None:
    async def parts() -> dict[str, str]:
        return {"database": "ok", "chain": "not reachable: http://10.0.0.1:3000 says no"}

    async def figures() -> tuple[bytes, str]:
        raise StorageUnavailable

    told = OperationRoutes(did_document=dict, openapi=dict, well_known_x402=b"", llms_txt=b"", ready=parts)
    public = Starlette(routes=[Route("/readyz", told.readyz)])
    operator = operator_app(parts, figures)
    async with client(public) as stranger, client(operator) as inside:
        shown = await stranger.get("/readyz")
        assert (shown.status_code, shown.json()) == (503, {"ready": False})
        seen = await inside.get("/readyz")
        assert (seen.status_code, seen.json()) == (503, await parts())
        assert (await inside.get("/metrics")).status_code == 503
        check_problem(await inside.post("/metrics"), 405, "method_not_allowed")
        lost = await inside.get("/elsewhere")
        check_problem(lost, 404, "not_found")
        assert "/metrics and /readyz" in lost.json()["detail"]


@in_loop
async def test_the_operators_app_of_a_mounted_paywall_can_be_mounted_too(tmp_path: Path) -> None:
    shop = Paywall(
        Settings(data_dir=str(tmp_path), rails="voucher", policy="none"),
        resources=[weather(tmp_path / "deliveries")],
        products=[PRODUCT],
        rails=[VoucherRail({}, 0)],
    )
    host = Starlette(routes=[Mount("/shop", shop), Mount("/inside", shop.operator)])
    async with shop.running(), client(host) as http:
        assert (await http.get("/shop/readyz")).json() == {"ready": True}
        assert (await http.get("/inside/readyz")).json() == {"database": "ok"}
        assert 'route="/readyz"' in (await http.get("/inside/metrics")).text
        assert (await http.get("/shop/metrics")).status_code == 404
    with pytest.raises(RuntimeError, match="not running"):
        await client(shop.operator).get("/metrics")
