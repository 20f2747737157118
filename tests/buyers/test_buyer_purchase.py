"""Purchases that are cut off anywhere are finished later, and paid exactly once."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from buyer.errors import SellerUnreachable, StillPending
from buyer.purchase import paying
from buyer.purchase import store as purchase_store
from buyer.seller import http as http_module
from shared.problem import Problem
from tests.support.hostile.shop import Shop
from tests.support.hostile.transport import At, Killed
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.buying import PAYMENTS, PRICE, buy, spent, states


@pytest.fixture(scope="module")
def devnet() -> Iterator[DevnetProcess]:
    with DevnetProcess() as running:
        yield running


@pytest.fixture
def shop(devnet: DevnetProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(http_module, "FIRST_DELAY", 0.0)
    monkeypatch.setattr(paying, "POLL_SECONDS", 0.01)
    return Shop.open(devnet, tmp_path)


def test_a_purchase_ends_with_a_receipt_and_is_paid_once(shop: Shop) -> None:
    receipt = buy(shop)
    assert (receipt.granted, str(receipt.price)) == (3, "3.00 USD")
    assert shop.paid_on_chain() == PRICE
    assert (states(shop), spent(shop)) == (["paid"], 300)


def test_the_next_purchase_is_a_new_one(shop: Shop) -> None:
    assert buy(shop).id != buy(shop).id
    assert shop.paid_on_chain() == 2 * PRICE


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_buyer_that_dies_at_any_request_pays_once_when_it_runs_again(
    shop: Shop, number: int, side: str
) -> None:
    with pytest.raises(Killed):
        buy(shop, **{side: At(number, Killed())})  # type: ignore[arg-type]  # one of two keywords
    receipt = buy(shop)
    assert receipt.granted == 3
    assert shop.paid_on_chain() == PRICE
    assert len(shop.seller.transactions) == 1
    assert spent(shop) == 300


def test_a_buyer_that_dies_again_and_again_pays_once(shop: Shop) -> None:
    for number in (1, 2, 3, 2, 2):
        with pytest.raises(Killed):
            buy(shop, after=At(number, Killed()))
    buy(shop)
    assert (shop.paid_on_chain(), len(shop.seller.transactions), spent(shop)) == (PRICE, 1, 300)


@pytest.mark.parametrize(
    "step", ["open_purchase", "store_request", "debit", "paid"], ids=["wanted", "requested", "signed", "paid"]
)
def test_a_buyer_that_dies_inside_a_transaction_pays_once(
    shop: Shop, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(purchase_store, step)

    def dies(db: sqlite3.Connection, *arguments: object, **named: object) -> None:
        real(db, *arguments, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(purchase_store, step, dies)
        with pytest.raises(Killed):
            buy(shop)
    buy(shop)
    assert (shop.paid_on_chain(), spent(shop)) == (PRICE, 300)
    assert len(shop.seller.transactions) == 1


def test_the_bytes_are_stored_before_anybody_sees_them(shop: Shop) -> None:
    with pytest.raises(Killed):
        buy(shop, before=At(1, Killed(), PAYMENTS))
    assert (states(shop), spent(shop)) == (["signed"], 300)
    assert shop.seller.transactions == set()


def test_a_lost_reply_to_a_claim_is_asked_for_again(shop: Shop) -> None:
    receipt = buy(shop, after=At(1, httpx.ReadError("lost"), PAYMENTS, times=3))
    assert receipt.granted == 3
    assert (shop.paid_on_chain(), len(shop.seller.transactions)) == (PRICE, 1)


def test_a_seller_that_never_answers_a_claim_is_not_paid_again(shop: Shop) -> None:
    for _ in range(3):
        with pytest.raises(SellerUnreachable) as caught:
            buy(shop, after=At(1, httpx.ReadError("lost"), PAYMENTS, times=99))
        assert caught.value.exit_code == 5
    assert (shop.paid_on_chain(), len(shop.seller.transactions)) == (PRICE, 1)
    assert buy(shop).granted == 3
    assert shop.paid_on_chain() == PRICE


def test_an_unsettled_payment_is_pending_and_its_budget_stays_spent(shop: Shop) -> None:
    shop.seller.lies.settle = False
    with pytest.raises(StillPending) as caught:
        buy(shop, wait=2)
    assert caught.value.exit_code == 5
    assert "run the same command again" in caught.value.hint
    assert (states(shop), spent(shop)) == (["signed"], 300)
    shop.seller.lies.settle = True
    assert buy(shop).granted == 3
    assert len(shop.seller.transactions) == 1


def test_a_payment_that_is_pending_by_problem_is_asked_for_again(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = Problem(409, "payment_pending", "Pending", "Not yet.", retryable=True)

    def settle(request: httpx.Request) -> None:
        if shop.seller.calls.count(f"POST {PAYMENTS}") == 3:
            shop.seller.lies.refuse_claims = None

    assert buy(shop, before=settle).granted == 3
    assert len(shop.seller.transactions) == 1
