"""`PaymentAuth` pays priced calls at `paywall serve` over x402 and MPP, once, whatever becomes of the answers."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from buyer.auth import PaymentAuth
from buyer.budget import Budget
from buyer.purchase import history
from buyer.wallet.file import Wallet
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

USE = "/api/images/generate"
BODY = {"name": "Abraham Lincoln"}
FUNDS = 100_000_000


@pytest.fixture
def wallet(devnet: DevnetProcess, tmp_path: Path) -> Wallet:
    made = Wallet.create(tmp_path / "wallet.db")
    devnet.faucet(made.address, FUNDS)
    while b"tx_hash" not in devnet.ask(f"/addresses/{made.address}/utxos").content:
        time.sleep(0.05)  # it gives no event to await: a block comes by the clock
    return made


class Without(httpx.AsyncBaseTransport):
    """A way to the seller that takes one header out of its answers."""

    def __init__(self, header: str) -> None:
        self._header = header
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        while self._header in response.headers:
            del response.headers[self._header]
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class Losing(httpx.AsyncBaseTransport):
    """A way to the seller on which the answer to the first payment gets lost."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if "payment-signature" in request.headers and not self.lost:
            self.lost += 1
            await response.aread()
            raise httpx.ReadTimeout("the answer got lost", request=request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.parametrize("hidden", ["www-authenticate", "payment-required"])
def test_a_call_is_paid_in_either_dialect_and_stands_in_the_history(
    seller: SellerProcess, wallet: Wallet, hidden: str
) -> None:
    async def call() -> httpx.Response:
        auth = PaymentAuth(wallet, Budget("1.00 USD"))
        async with httpx.AsyncClient(auth=auth, transport=Without(hidden), timeout=60) as http:
            return await http.post(f"{seller.url}{USE}", json=BODY)

    response = asyncio.run(call())
    assert response.status_code == 200, response.text
    (past,) = wallet.transact(history.read)
    assert (past.state, past.counted) == ("paid", True)


def test_the_synchronous_client_pays_as_well(seller: SellerProcess, wallet: Wallet) -> None:
    with httpx.Client(auth=PaymentAuth(wallet, Budget("1.00 USD")), timeout=60) as http:
        response = http.post(f"{seller.url}{USE}", json=BODY)
    assert response.status_code == 200, response.text
    assert [past.state for past in wallet.transact(history.read)] == ["paid"]


def test_after_a_lost_answer_the_next_client_shows_the_same_payment(
    seller: SellerProcess, wallet: Wallet
) -> None:
    async def call(transport: httpx.AsyncBaseTransport | None) -> httpx.Response:
        auth = PaymentAuth(wallet, Budget("1.00 USD"))
        async with httpx.AsyncClient(auth=auth, transport=transport, timeout=60) as http:
            return await http.post(f"{seller.url}{USE}", json=BODY)

    losing = Losing()
    with pytest.raises(httpx.ReadTimeout):
        asyncio.run(call(losing))
    (signed,) = wallet.transact(history.read)
    response = asyncio.run(call(None))
    (paid,) = wallet.transact(history.read)
    assert (losing.lost, response.status_code) == (1, 200), response.text
    assert (signed.state, paid.state, paid.payment) == ("signed", "paid", signed.payment)
