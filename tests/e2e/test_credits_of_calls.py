"""What a call bought and did not use, the next calls of the same path use: one payment for several of them."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from buyer.auth import PaymentAuth
from buyer.budget import Budget
from buyer.purchase import history
from buyer.wallet.file import Wallet
from tests.e2e.examples.test_servers import uvicorn
from tests.e2e.test_paying_any_402 import wallet
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

__all__ = ["wallet"]
TOWNS = ("Bergen", "Oslo", "Tromsø", "Bodø")


@pytest.fixture
def app(devnet: DevnetProcess, tmp_path: Path) -> Iterator[SellerProcess]:
    """A report for 0.25 USD; Cardano cannot be paid less than the price of two."""
    with SellerProcess(devnet, tmp_path / "app", module=uvicorn("starlette_app")) as process:
        yield process


class Losing(httpx.AsyncBaseTransport):
    """A way to the seller on which the first answer is lost to a request that `is_lost` says."""

    def __init__(self, is_lost: Callable[[httpx.Request], bool]) -> None:
        self._is_lost = is_lost
        self._inner = httpx.AsyncHTTPTransport()
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if self._is_lost(request) and not self.lost:
            self.lost += 1
            await response.aread()
            raise httpx.ReadTimeout("the answer got lost", request=request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def call(
    app: SellerProcess, wallet: Wallet, town: str, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.Response:
    async def called() -> httpx.Response:
        auth = PaymentAuth(wallet, Budget("1.00 USD"))
        async with httpx.AsyncClient(auth=auth, timeout=60, transport=transport) as http:
            return await http.post(f"{app.url}/report?for={town}", json={"town": town})

    return asyncio.run(called())


def purchases(wallet: Wallet) -> int:
    return len(wallet.transact(history.read))


def test_two_calls_are_paid_for_once(app: SellerProcess, wallet: Wallet) -> None:
    bought = []
    for town in TOWNS:
        answer = call(app, wallet, town)
        assert (answer.status_code, answer.json()["town"]) == (200, town)
        bought.append(purchases(wallet))
    assert bought == [1, 1, 2, 2]


def test_a_lost_answer_of_a_call_by_credit_is_had_again_for_the_same_credit(
    app: SellerProcess, wallet: Wallet
) -> None:
    call(app, wallet, "Bergen")
    transport = Losing(lambda request: "authorization" in request.headers)
    with pytest.raises(httpx.ReadTimeout):
        call(app, wallet, "Oslo", transport)
    again = call(app, wallet, "Oslo")
    assert (again.status_code, again.headers["idempotent-replayed"], again.json()["town"]) == (
        200,
        "true",
        "Oslo",
    )
    assert again.headers["credits-remaining"] == "0"
    assert (transport.lost, purchases(wallet)) == (1, 1)


def test_what_the_call_itself_refuses_takes_no_credit(app: SellerProcess, wallet: Wallet) -> None:
    call(app, wallet, "Bergen")

    async def junk() -> httpx.Response:
        async with httpx.AsyncClient(auth=PaymentAuth(wallet, Budget("1.00 USD")), timeout=60) as http:
            return await http.post(f"{app.url}/report?for=nobody", json={})

    assert asyncio.run(junk()).status_code == 422
    assert call(app, wallet, "Oslo").status_code == 200
    assert purchases(wallet) == 1


def test_a_caller_who_shows_something_of_his_own_is_not_given_a_receipt(
    app: SellerProcess, wallet: Wallet
) -> None:
    call(app, wallet, "Bergen")

    async def own() -> httpx.Response:
        async with httpx.AsyncClient(auth=PaymentAuth(wallet, Budget("1.00 USD")), timeout=60) as http:
            return await http.post(
                f"{app.url}/report?for=x", json={"town": "Oslo"}, headers={"Authorization": "Bearer mine"}
            )

    assert asyncio.run(own()).status_code == 401
    assert purchases(wallet) == 1


def test_credits_that_the_seller_takes_no_more_are_forgotten_and_the_call_is_paid_for(
    app: SellerProcess, wallet: Wallet
) -> None:
    call(app, wallet, "Bergen")
    with httpx.Client() as http:
        receipt = wallet.transact(lambda db: db.execute("SELECT receipt FROM credits_left").fetchone()[0])
        used = http.post(
            f"{app.url}/report", json={"town": "Oslo"}, headers={"Authorization": f"Bearer {receipt}"}
        )
    assert used.headers["credits-remaining"] == "0"
    assert call(app, wallet, "Oslo").status_code == 200
    assert purchases(wallet) == 2
