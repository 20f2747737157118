"""PyPI `x402`, unmodified, buys from `paywall serve`: all that is ours is how a transaction is made on Cardano."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport

from shared.cardano.read.transaction import parse
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess
from tests.support.world.wallets.devnet_wallet import TTL, Wallet

NETWORK = "cardano:devnet"
BUY = "/api/images/buy"


class ExactOnCardano:
    """The scheme `exact` for the package's client."""

    scheme = "exact"

    def __init__(self, devnet: DevnetProcess, wallet: Wallet) -> None:
        self._devnet = devnet
        self._wallet = wallet
        self.made = 0

    def create_payment_payload(self, requirements: Any) -> dict[str, Any]:
        self.made += 1
        coin = max(self._wallet.coins(self._devnet), key=lambda coin: coin.lovelace)
        body = self._wallet.body(coin, pay=[(requirements.pay_to, int(requirements.amount))])
        body[TTL] = int(self._devnet.get("/blocks/latest")["slot"]) + min(
            requirements.max_timeout_seconds, 300
        )
        raw = self._wallet.sign(body)
        tx_hash, index = parse(raw).inputs[0]
        return {"transaction": base64.b64encode(raw).decode(), "nonce": f"{tx_hash}#{index}"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[DevnetProcess, SellerProcess]]:
    with DevnetProcess(block_seconds=0.5) as devnet, SellerProcess(devnet, tmp_path) as seller:
        yield devnet, seller


def test_the_packages_client_buys_credits_and_uses_them(
    running: tuple[DevnetProcess, SellerProcess],
) -> None:
    devnet, seller = running
    wallet = Wallet(seed=7)
    wallet.fund(devnet)
    scheme = ExactOnCardano(devnet, wallet)
    client = x402Client().register(NETWORK, scheme)
    client.set_spend_controls(
        {"allowed_assets": [{"network": NETWORK, "asset": "lovelace", "max_amount_per_payment": "50000000"}]}
    )

    async def buy_and_use() -> tuple[httpx.Response, httpx.Response]:
        transport = x402AsyncTransport(client)
        async with httpx.AsyncClient(transport=transport, base_url=seller.url, timeout=60) as http:
            bought = await http.post(BUY, json={"credits": 2})
            used = await http.post(
                "/api/images/generate",
                json={"name": "Abraham Lincoln"},
                headers={"Authorization": f"Bearer {bought.json()['receipt']}"},
            )
        return bought, used

    bought, used = asyncio.run(buy_and_use())
    assert (bought.status_code, bought.json()["credits"]["available"]) == (200, 2)
    told = json.loads(base64.b64decode(bought.headers["payment-response"]))
    assert (told["success"], told["network"]) == (True, NETWORK)
    assert devnet.ask(f"/txs/{told['transaction']}").status_code == 200
    assert (used.status_code, used.headers["credits-remaining"]) == (200, "1")
    assert scheme.made == 1
