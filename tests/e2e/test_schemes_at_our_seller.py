"""PyPI `x402` and `pympp`, with the schemes that we give to their users, buy from `paywall serve`."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from mpp.client.transport import PaymentTransport
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport

from buyer.schemes.payment_maker import PaymentMaker
from buyer.schemes.pympp_payer import cardano_payer
from buyer.schemes.x402_client_scheme import CardanoClientScheme
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

NETWORK = "cardano:devnet"
BUY = "/api/images/buy"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[DevnetProcess, SellerProcess]]:
    with DevnetProcess(block_seconds=0.5) as devnet, SellerProcess(devnet, tmp_path) as seller:
        yield devnet, seller


def x402_transport(maker: PaymentMaker) -> httpx.AsyncBaseTransport:
    client = x402Client().register(NETWORK, CardanoClientScheme(maker))
    client.set_spend_controls(
        {"allowed_assets": [{"network": NETWORK, "asset": "lovelace", "max_amount_per_payment": "50000000"}]}
    )
    return x402AsyncTransport(client)


def mpp_transport(maker: PaymentMaker) -> httpx.AsyncBaseTransport:
    return PaymentTransport([cardano_payer(maker, {"lovelace": 50_000_000})])


@pytest.mark.parametrize("transport", [x402_transport, mpp_transport], ids=["x402", "pympp"])
def test_they_buy_credits(running: tuple[DevnetProcess, SellerProcess], transport: object) -> None:
    devnet, seller = running
    maker = PaymentMaker(SigningKey.generate(), NETWORK, devnet.url)
    devnet.faucet(maker.address, 50_000_000)
    devnet.blocks()

    async def buy() -> httpx.Response:
        assert callable(transport)
        async with httpx.AsyncClient(transport=transport(maker), base_url=seller.url, timeout=60) as http:
            return await http.post(BUY, json={"credits": 2})

    bought = asyncio.run(buy())
    assert (bought.status_code, bought.json()["credits"]["available"]) == (200, 2)
