"""Purchases that are cut off anywhere are finished later, and paid exactly once."""

import asyncio
import sqlite3

import httpx
import pytest

from buyer.errors import SellerUnreachable, StillPending
from buyer.purchase import paying
from buyer.purchase import store as purchase_store
from shared.problem import Problem
from tests.buyers.conftest import deaths
from tests.support.hostile.shop import Shop
from tests.support.hostile.transport import At, Killed
from tests.support.world.buying import PAYMENTS, PRICE, buy, spent, states
from tests.support.world.real_shop import AnyShop


def test_a_purchase_ends_with_a_receipt_and_is_paid_once(any_shop: AnyShop) -> None:
    receipt = buy(any_shop)
    assert (receipt.granted, str(receipt.price)) == (3, "3.00 USD")
    assert any_shop.paid_on_chain() == PRICE
    assert (states(any_shop), spent(any_shop)) == (["paid"], 300)


def test_the_next_purchase_is_a_new_one(any_shop: AnyShop) -> None:
    assert buy(any_shop).id != buy(any_shop).id
    assert any_shop.paid_on_chain() == 2 * PRICE


def test_a_seller_that_says_to_ask_again_at_once_is_not_asked_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited, sleep = [], asyncio.sleep

    async def sleep_and_note(seconds: float) -> None:
        waited.append(seconds)
        shop.seller.lies.settle = any(line.endswith("0 of 1 confirmations") for line in shop.said)
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep_and_note)
    shop.seller.lies.settle = False
    buy(shop)
    assert any(paying.POLL_SECONDS <= pause <= 2 * paying.POLL_SECONDS for pause in waited)
    assert 0 not in waited


@pytest.mark.parametrize(("open_shop", "side", "number"), deaths(3), indirect=["open_shop"])
def test_a_buyer_that_dies_at_any_request_pays_once_when_it_runs_again(
    any_shop: AnyShop, number: int, side: str
) -> None:
    with pytest.raises(Killed):
        buy(any_shop, **{side: At(number, Killed())})  # type: ignore[arg-type]  # one of two keywords
    receipt = buy(any_shop)
    assert receipt.granted == 3
    assert any_shop.paid_on_chain() == PRICE
    assert any_shop.payments() == 1
    assert spent(any_shop) == 300


def test_a_buyer_that_dies_again_and_again_pays_once(any_shop: AnyShop) -> None:
    for number in (1, 2, 3, 2, 2):
        with pytest.raises(Killed):
            buy(any_shop, after=At(number, Killed()))
    buy(any_shop)
    assert (any_shop.paid_on_chain(), any_shop.payments(), spent(any_shop)) == (PRICE, 1, 300)


@pytest.mark.parametrize(
    "step", ["open_purchase", "store_request", "debit", "paid"], ids=["wanted", "requested", "signed", "paid"]
)
def test_a_buyer_that_dies_inside_a_transaction_pays_once(
    any_shop: AnyShop, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(purchase_store, step)

    def dies(db: sqlite3.Connection, *arguments: object, **named: object) -> None:
        real(db, *arguments, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(purchase_store, step, dies)
        with pytest.raises(Killed):
            buy(any_shop)
    buy(any_shop)
    assert (any_shop.paid_on_chain(), spent(any_shop)) == (PRICE, 300)
    assert any_shop.payments() == 1


def test_the_bytes_are_stored_before_anybody_sees_them(any_shop: AnyShop) -> None:
    with pytest.raises(Killed):
        buy(any_shop, before=At(1, Killed(), PAYMENTS))
    assert (states(any_shop), spent(any_shop)) == (["signed"], 300)
    assert any_shop.payments() == 0


def test_a_lost_reply_to_a_claim_is_asked_for_again(any_shop: AnyShop) -> None:
    receipt = buy(any_shop, after=At(1, httpx.ReadError("lost"), PAYMENTS, times=3))
    assert receipt.granted == 3
    assert (any_shop.paid_on_chain(), any_shop.payments()) == (PRICE, 1)


def test_a_seller_that_never_answers_a_claim_is_not_paid_again(any_shop: AnyShop) -> None:
    for _ in range(3):
        with pytest.raises(SellerUnreachable) as caught:
            buy(any_shop, after=At(1, httpx.ReadError("lost"), PAYMENTS, times=99))
        assert caught.value.exit_code == 5
    assert (any_shop.paid_on_chain(), any_shop.payments()) == (PRICE, 1)
    assert buy(any_shop).granted == 3
    assert any_shop.paid_on_chain() == PRICE


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
