"""Purchases that are cut off anywhere are finished later, and paid exactly once."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from buyer import http as http_module
from buyer import paying, purchases
from buyer.budget import Budget
from buyer.errors import BuyerError, OverBudget, PaymentRefused, SellerFault, SellerUnreachable, StillPending
from buyer.receipts import HeldReceipt
from buyer.wallet import Wallet
from shared.money import Money
from shared.problem import Problem
from tests.devnet_process import DevnetProcess
from tests.fakes.seller import LIFETIME
from tests.fakes.shop import Shop, nobody
from tests.fakes.transport import At, Killed

PRICE = 6_000_000
PAYMENTS = "/api/payments"


@pytest.fixture(scope="module")
def devnet() -> Iterator[DevnetProcess]:
    with DevnetProcess() as running:
        yield running


@pytest.fixture
def shop(devnet: DevnetProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(http_module, "FIRST_DELAY", 0.0)
    monkeypatch.setattr(paying, "POLL_SECONDS", 0.01)
    return Shop.open(devnet, tmp_path)


def buy(
    shop: Shop,
    credit_count: int = 3,
    *,
    budget: Budget | None = None,
    wait: float = 30,
    before: Callable[[httpx.Request], None] = nobody,
    after: Callable[[httpx.Request], None] = nobody,
) -> HeldReceipt:
    """Buy as a process of its own would: open the wallet, buy, close."""

    async def once() -> HeldReceipt:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet, budget=budget, wait=wait, before=before, after=after) as client:
                return await client.buy(credit_count)

    return asyncio.run(once())


def states(shop: Shop) -> list[str]:
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        rows = wallet.transact(lambda db: db.execute("SELECT state FROM purchases ORDER BY rowid").fetchall())
    return [row[0] for row in rows]


def spent(shop: Shop) -> int:
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        return wallet.transact(lambda db: purchases.spent(db, like=Money(0, "USD", 2))).amount


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
    "step", ["take_up", "store_request", "debit", "paid"], ids=["wanted", "requested", "signed", "paid"]
)
def test_a_buyer_that_dies_inside_a_transaction_pays_once(
    shop: Shop, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(purchases, step)

    def dies(db: sqlite3.Connection, *arguments: object, **named: object) -> None:
        real(db, *arguments, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(purchases, step, dies)
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


MISMATCH = Problem(402, "payment_mismatch", "Mismatch", "No.")


def test_a_refused_payment_keeps_its_price_until_its_bytes_are_dead(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = MISMATCH
    for _ in range(2):
        with pytest.raises(PaymentRefused) as caught:
            buy(shop)
        assert (caught.value.code, caught.value.exit_code) == ("payment_mismatch", 4)
        assert (states(shop), spent(shop)) == (["signed"], 300)
    assert len(shop.seller.transactions) == 1


def test_a_402_to_a_claim_is_never_answered_with_another_payment(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = Problem(402, "payment_required", "Pay", "Pay again.")
    for _ in range(3):
        with pytest.raises(PaymentRefused):
            buy(shop)
    assert len(shop.seller.transactions) == 1
    assert shop.seller.calls.count("POST /api/images/buy") == 1


def test_a_payment_that_can_never_land_gives_its_price_back_and_is_made_anew(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = MISMATCH
    budget = Budget(per_purchase="3.00 USD", total="3.00 USD")
    with pytest.raises(PaymentRefused):
        buy(shop, budget=budget)
    shop.pass_time(LIFETIME)
    before = set(shop.seller.transactions)

    def relent(request: httpx.Request) -> None:
        if request.url.path == "/api/images/buy":
            shop.seller.lies.refuse_claims = None

    assert buy(shop, budget=budget, before=relent).granted == 3
    assert states(shop) == ["abandoned", "paid"]
    assert spent(shop) == 300
    assert len(shop.seller.transactions - before) == 1
    assert shop.paid_on_chain() == PRICE


def test_a_payment_whose_request_has_expired_is_not_given_up_while_its_bytes_can_land(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = Problem(409, "payment_request_expired", "Expired", "Too late.")
    with pytest.raises(PaymentRefused):
        buy(shop)
    shop.clock += LIFETIME + 1  # the chain stands still
    with pytest.raises(PaymentRefused):
        buy(shop)
    assert (states(shop), spent(shop)) == (["signed"], 300)


def test_money_that_landed_without_a_receipt_is_never_paid_again(shop: Shop) -> None:
    with pytest.raises(Killed):
        buy(shop, after=At(1, Killed(), PAYMENTS))
    shop.seller.lies.refuse_claims = Problem(409, "paid_late", "Paid late", "A person will look.")
    shop.pass_time(LIFETIME)
    for _ in range(2):
        with pytest.raises(SellerFault) as caught:
            buy(shop)
        assert caught.value.code == "paid_without_receipt"
        assert next(iter(shop.seller.transactions)) in str(caught.value)
    assert (states(shop), spent(shop)) == (["signed"], 300)
    assert shop.paid_on_chain() == PRICE


def test_a_request_that_expired_before_it_was_paid_is_replaced_by_another(shop: Shop) -> None:
    with pytest.raises(Killed):
        buy(shop, before=At(1, Killed(), PAYMENTS))
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        # As if it had died just before signing.
        undo = "UPDATE purchases SET state = 'requested', tx_hash = NULL, tx_bytes = NULL, expiry_slot = NULL"
        wallet.transact(lambda db: db.execute(undo))
        wallet.transact(lambda db: db.execute("DELETE FROM spent_outputs"))
    shop.pass_time(LIFETIME)
    assert buy(shop).granted == 3
    assert shop.seller.calls.count("POST /api/images/buy") == 2
    assert (states(shop), shop.paid_on_chain()) == (["paid"], PRICE)


def test_a_price_raised_after_an_interruption_is_refused(shop: Shop) -> None:
    with pytest.raises(Killed):
        buy(shop, before=At(1, Killed(), PAYMENTS))
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        undo = "UPDATE purchases SET state = 'wanted', tx_hash = NULL, tx_bytes = NULL, expiry_slot = NULL"
        wallet.transact(lambda db: db.execute(undo))
        wallet.transact(lambda db: db.execute("DELETE FROM spent_outputs"))
    shop.seller.unit_price = 101
    with pytest.raises(SellerFault) as caught:
        buy(shop)
    assert caught.value.code == "price_raised"
    assert (shop.seller.transactions, spent(shop)) == (set(), 0)


def test_a_total_budget_holds_over_purchases(shop: Shop) -> None:
    budget = Budget(per_purchase="5.00 USD", total="7.00 USD")
    buy(shop, 3, budget=budget)
    buy(shop, 4, budget=budget)
    with pytest.raises(OverBudget) as caught:
        buy(shop, 1, budget=budget)
    assert caught.value.exit_code == 3
    assert (spent(shop), len(shop.seller.sales)) == (700, 2)


def test_a_purchase_over_budget_does_not_even_ask(shop: Shop) -> None:
    with pytest.raises(OverBudget):
        buy(shop, budget=Budget(per_purchase="2.99 USD"))
    assert shop.seller.calls == ["GET /api/catalog"]


def test_an_empty_wallet_says_how_to_fill_it(devnet: DevnetProcess, tmp_path: Path) -> None:
    shop = Shop.open(devnet, tmp_path, lovelace=(2_000_000,))
    with pytest.raises(PaymentRefused) as caught:
        buy(shop)
    assert (caught.value.code, caught.value.exit_code) == ("funds_short", 4)
    assert "buyer wallet fund" in caught.value.hint
    assert spent(shop) == 0


def test_credits_below_one_are_never_asked_for(shop: Shop) -> None:
    for count in (0, -5):
        with pytest.raises(BuyerError):
            buy(shop, count)
    assert shop.seller.calls == []
