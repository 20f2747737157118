"""PyPI `x402`, unmodified on both sides, pays and charges on Cardano by our schemes and our facilitator."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from x402 import x402Client, x402FacilitatorSync, x402ResourceServer
from x402.http import FacilitatorConfig, HTTPFacilitatorClient
from x402.http.clients.httpx import x402AsyncTransport
from x402.http.middleware.fastapi import payment_middleware
from x402.http.types import PaymentOption, RouteConfig
from x402.schemas import AssetAmount, PaymentPayload, PaymentRequirements

from buyer.schemes.payment_maker import PaymentMaker
from buyer.schemes.x402_client_scheme import CardanoClientScheme
from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.facilitator.settlements_file import SettlementsFile
from paywall.schemes.x402_facilitating import CardanoFacilitatorScheme, InProcessFacilitator
from paywall.schemes.x402_server_scheme import CardanoServerScheme
from shared.chain.blockfrost import Blockfrost
from tests.sellers.facilitator.payments import NETWORK, Paying, payment, told
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.facilitator import FacilitatorProcess

PATH = "/weather"
NAME = b"COFFEE"
#: as the scheme's specification has them
USDM = "c48cbb3d5e57ed56e276bc45f99ab39abe94e6cd7ac39fb402da47ad.0014df105553444d"
TEST_USDM = "e675b46e4d2242c991a8932a99db3044e80515ae14b4c4ccf6b3f4c9.0014df10745553444d"


def shop(facilitator: Any, pay_to: str, price: Any) -> FastAPI:
    """Somebody's app, which counts how often its handler ran."""
    server = x402ResourceServer(facilitator).register(NETWORK, CardanoServerScheme())
    option = PaymentOption(
        scheme="exact", pay_to=pay_to, price=price, network=NETWORK, max_timeout_seconds=600
    )
    app = FastAPI()
    app.middleware("http")(payment_middleware({f"GET {PATH}": RouteConfig(accepts=option)}, server))
    app.state.ran = 0

    @app.get(PATH)
    async def weather() -> dict[str, str]:
        app.state.ran += 1
        return {"weather": "rain"}

    return app


def payer(paying: Paying, asset: str) -> x402Client:
    maker = PaymentMaker(paying.wallet.key, NETWORK, paying.devnet.url)
    client = x402Client().register(NETWORK, CardanoClientScheme(maker))
    client.set_spend_controls(
        {"allowed_assets": [{"network": NETWORK, "asset": asset, "max_amount_per_payment": "5000000"}]}
    )
    return client


async def bought(paying: Paying, app: FastAPI, asset: str) -> httpx.Response:
    """One call by the package's client, with blocks made for the payment."""
    transport = x402AsyncTransport(payer(paying, asset), httpx.ASGITransport(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop", timeout=60) as http:
        calling = asyncio.create_task(http.get(PATH))
        await paying.waits()
        paying.devnet.blocks(2)
        return await calling


def held(devnet: DevnetProcess, address: str) -> dict[str, int]:
    return {
        amount["unit"]: int(amount["quantity"])
        for entry in devnet.get(f"/addresses/{address}/utxos")
        for amount in entry["amount"]
    }


def said(answer: httpx.Response) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(base64.b64decode(answer.headers["payment-response"]))
    return told


def test_the_packages_client_pays_the_packages_server_in_ada(
    devnet: DevnetProcess, served: FacilitatorProcess
) -> None:
    async def story(paying: Paying) -> None:
        app = shop(HTTPFacilitatorClient(FacilitatorConfig(url=served.url)), paying.seller, "2.5 ADA")
        answer = await bought(paying, app, "lovelace")
        assert (answer.status_code, answer.json()) == (200, {"weather": "rain"})
        assert said(answer)["success"] is True
        assert held(devnet, paying.seller) == {"lovelace": 2_500_000}
        assert devnet.ask(f"/txs/{said(answer)['transaction']}").status_code == 200

    told(devnet, story)


def test_the_packages_client_pays_the_packages_server_in_a_token(
    devnet: DevnetProcess, served: FacilitatorProcess
) -> None:
    async def story(paying: Paying) -> None:
        devnet.submit(paying.wallet.sign(paying.wallet.mint(paying.coin, NAME, 100), script=True))
        devnet.blocks()
        asset = f"{paying.wallet.policy.hex()}.{NAME.hex()}"
        price = AssetAmount(amount="7", asset=asset)
        app = shop(HTTPFacilitatorClient(FacilitatorConfig(url=served.url)), paying.seller, price)
        answer = await bought(paying, app, asset)
        assert (answer.status_code, said(answer)["success"]) == (200, True)
        assert held(devnet, paying.seller)[paying.wallet.unit(NAME)] == 7
        assert held(devnet, paying.wallet.address)[paying.wallet.unit(NAME)] == 93

    told(devnet, story)


def test_one_payment_twenty_times_is_one_answer_of_a_server_with_the_facilitator_in_process(
    devnet: DevnetProcess,
) -> None:
    async def story(paying: Paying) -> None:
        facilitator = paying.again(patience=60)
        app = shop(InProcessFacilitator(facilitator), paying.seller, "2 ADA")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as http:
            asked = json.loads(base64.b64decode((await http.get(PATH)).headers["payment-required"]))
            shown = payment(paying.raw(), asked["accepts"][0], resource=asked["resource"])
            header = {"PAYMENT-SIGNATURE": base64.b64encode(json.dumps(shown).encode()).decode()}
            calling = [asyncio.create_task(http.get(PATH, headers=header)) for _ in range(20)]
            await paying.waits()
            devnet.blocks(2)
            answers = await asyncio.gather(*calling)
        assert sorted(answer.status_code for answer in answers) == [200, *[402] * 19]
        assert {said(answer)["errorReason"] for answer in answers if answer.status_code == 402} == {
            "duplicate_settlement"
        }
        assert held(devnet, paying.seller) == {"lovelace": 2_000_000}

    told(devnet, story)


def test_the_packages_facilitator_has_the_scheme(devnet: DevnetProcess) -> None:
    @asynccontextmanager
    async def opened() -> AsyncIterator[CardanoFacilitator]:
        chain, claims = Blockfrost(devnet.url), SettlementsFile(None)
        yield CardanoFacilitator(NETWORK, chain, claims, patience=0)
        await chain.aclose()
        claims.close()

    async def story(paying: Paying) -> None:
        scheme = CardanoFacilitatorScheme(opened)
        facilitator = x402FacilitatorSync()
        facilitator.register([NETWORK], scheme)
        shown = PaymentPayload.model_validate(payment(paying.raw(), paying.asked))
        asked = PaymentRequirements.model_validate(paying.asked)
        assert [kind.network for kind in facilitator.get_supported().kinds] == [NETWORK]
        assert facilitator.verify(shown, asked).is_valid
        assert facilitator.settle(shown, asked).error_reason == "settlement_pending"
        devnet.blocks()
        assert facilitator.settle(shown, asked).success
        scheme.close()

    told(devnet, story)


@pytest.mark.parametrize(
    ("price", "network", "amount", "asset"),
    [
        ("2.5 ADA", "cardano:preview", "2500000", "lovelace"),
        (
            "$0.01",
            "cardano:preprod",
            "10000",
            TEST_USDM,
        ),
        (
            1,
            "cip34:1-764824073",
            "1000000",
            USDM,
        ),
        ({"amount": "7", "asset": "lovelace"}, NETWORK, "7", "lovelace"),
    ],
)
def test_a_price_is_an_amount_of_an_asset(price: Any, network: str, amount: str, asset: str) -> None:
    parsed = CardanoServerScheme().parse_price(price, network)
    assert (parsed.amount, parsed.asset) == (amount, asset)


@pytest.mark.parametrize(
    ("price", "network"),
    [
        ("0.0000001 ADA", NETWORK),
        ("0 ADA", NETWORK),
        ("$1", NETWORK),
        ("1 DOGE", "cardano:mainnet"),
        ("1 ADA", "eip155:8453"),
        ({"amount": "1.5", "asset": "lovelace"}, NETWORK),
        ({"amount": "1", "asset": "AB"}, NETWORK),
    ],
)
def test_what_is_no_price_is_refused(price: Any, network: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the package shows it as it is
        CardanoServerScheme().parse_price(price, network)
