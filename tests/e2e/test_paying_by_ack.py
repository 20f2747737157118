"""`PaymentAuth` pays priced calls at `paywall serve` in ACK-Pay, and the receipt goes with the repeated call."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from buyer.auth import PaymentAuth
from buyer.budget import Budget
from buyer.errors import OverBudget, PaymentRefused
from buyer.purchase import history
from buyer.wallet.file import Wallet
from tests.e2e.buying import Buyer
from tests.e2e.test_credits_of_calls import app
from tests.e2e.test_paying_any_402 import BODY, USE, wallet
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

__all__ = ["app", "wallet"]
HIDDEN = ("payment-required", "www-authenticate")


class AckAlone(httpx.AsyncBaseTransport):
    """A way to the seller on which its 402 is left with what ACK-Pay says. `shown` are the Authorizations."""

    def __init__(self, *, lose: str = "") -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._lose = lose
        self.shown: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        authorization = request.headers.get("authorization", "")
        self.shown.append(authorization)
        for header in HIDDEN:
            while header in response.headers:
                del response.headers[header]
        if self._lose and authorization.startswith(self._lose):
            self._lose = ""
            await response.aread()
            raise httpx.ReadTimeout("the answer got lost", request=request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def call(
    wallet: Wallet,
    url: str,
    body: object,
    way: AckAlone | None = None,
    *,
    price: str = "1.00 USD",
    **more: str,
) -> httpx.Response:
    async def called() -> httpx.Response:
        auth = PaymentAuth(wallet, Budget(price), by=None if way else "ack")
        async with httpx.AsyncClient(auth=auth, transport=way, timeout=60) as http:
            return await http.post(url, json=body, headers=more)

    return asyncio.run(called())


def purchases(wallet: Wallet) -> list[str]:
    return [past.state for past in wallet.transact(history.read)]


def test_a_402_of_ack_alone_is_paid_and_the_call_repeated_with_the_receipt(
    seller: SellerProcess, wallet: Wallet
) -> None:
    way = AckAlone()
    answer = call(wallet, f"{seller.url}{USE}", BODY, way)
    assert (answer.status_code, answer.content[:4]) == (200, b"\x89PNG"), answer.text
    assert [shown[:7] for shown in way.shown] == ["", "Bearer "]
    assert purchases(wallet) == ["paid"]


def test_the_synchronous_client_pays_as_well(seller: SellerProcess, wallet: Wallet) -> None:
    with httpx.Client(auth=PaymentAuth(wallet, Budget("1.00 USD"), by="ack"), timeout=60) as http:
        assert http.post(f"{seller.url}{USE}", json=BODY).status_code == 200
    assert purchases(wallet) == ["paid"]


def test_what_is_left_of_the_receipt_pays_for_the_next_call(app: SellerProcess, wallet: Wallet) -> None:
    bought = []
    for town in ("Bergen", "Oslo", "Tromsø"):
        answer = call(wallet, f"{app.url}/report?for={town}", {"town": town})
        assert (answer.status_code, answer.json()["town"]) == (200, town)
        bought.append(len(purchases(wallet)))
    assert bought == [1, 1, 2]


def test_a_call_that_declines_takes_no_credit_and_the_receipt_is_good_for_the_next(
    app: SellerProcess, wallet: Wallet
) -> None:
    assert call(wallet, f"{app.url}/report", {}).status_code == 422
    assert call(wallet, f"{app.url}/report", {"town": "Oslo"}).status_code == 200
    assert purchases(wallet) == ["paid"]


def test_a_lost_answer_to_the_receipt_is_had_again_for_the_same_credit(
    seller: SellerProcess, wallet: Wallet
) -> None:
    way, url = AckAlone(lose="Bearer "), f"{seller.url}{USE}"
    with pytest.raises(httpx.ReadTimeout):
        call(wallet, url, BODY, way)
    assert purchases(wallet) == ["signed"]
    again = AckAlone()
    answer = call(wallet, url, BODY, again)
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (200, "true")
    assert again.shown == [way.shown[-1]]
    assert purchases(wallet) == ["paid"]


def test_a_caller_with_an_authorization_of_his_own_keeps_it(seller: SellerProcess, wallet: Wallet) -> None:
    way = AckAlone(lose="Bearer e")
    with pytest.raises(httpx.ReadTimeout):
        call(wallet, f"{seller.url}{USE}", BODY, way)
    with pytest.raises(PaymentRefused) as refused:
        call(wallet, f"{seller.url}{USE}", BODY, AckAlone(), Authorization="Basic own")
    assert refused.value.code == "authorization_taken"
    answer = call(wallet, f"{seller.url}{USE}", {"name": "John Adams"}, Authorization="Basic own")
    assert answer.status_code == 401
    assert purchases(wallet) == ["signed"]


def test_the_budget_holds_and_credits_alone_are_bought_elsewhere(
    seller: SellerProcess, wallet: Wallet
) -> None:
    with pytest.raises(OverBudget):
        call(wallet, f"{seller.url}{USE}", BODY, price="0.10 USD")
    with pytest.raises(PaymentRefused) as refused:
        call(wallet, f"{seller.url}/api/images/buy", {"credits": 1})
    assert (refused.value.code, purchases(wallet)) == ("credits_for_sale", [])


def test_where_x402_is_offered_it_is_paid_and_ack_where_it_is_asked_for(
    seller: SellerProcess, devnet: DevnetProcess, folder: Path
) -> None:
    buyer, url, data = Buyer(seller, folder, devnet), f"{seller.url}{USE}", json.dumps(BODY)
    assert buyer.ok("pay", url, "-d", data, "--dry-run")["dialect"] == "x402"
    told = buyer.ok("pay", url, "-d", data, "--by", "ack", "--dry-run")
    assert (told["dialect"], told["network"], told["not_payable"]) == ("ack", "cardano:devnet", [])
    paid = buyer.ok("pay", url, "-d", data, "--by", "ack", "--out", str(folder / "image"))
    assert paid["status"] == 200
    assert [past["state"] for past in buyer.ok("history")["purchases"]] == ["paid"]
