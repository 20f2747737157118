"""Purchases in the wallet: signed once, never from one output twice, never over the total."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from buyer.budget import Budget
from buyer.errors import OverBudget, SellerFault, UsageError, WalletError
from buyer.purchase import receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.machine import STATES, ImpossibleEvent
from buyer.purchase.record import Purchase, PurchaseKind
from buyer.wallet.file import Wallet
from shared.tokens.receipt import Receipt
from tests.support.world.wallets.payers import PlainPayer
from tests.unit.buyer.purchase.purchase_samples import (
    NOW,
    SELLER,
    pay,
    request,
    requested,
    spent,
    taken,
)


def test_an_open_purchase_is_taken_up_and_not_doubled(wallet: Wallet, path: Path) -> None:
    kind = PurchaseKind(SELLER, "image-credit", 3)
    first = wallet.transact(
        lambda db: purchase_store.open_purchase(db, kind, new_id="1", job_id=None, now=NOW)
    )
    with closing(Wallet.open(path)) as other:
        assert (
            other.transact(
                lambda db: purchase_store.open_purchase(db, kind, new_id="2", job_id=None, now=NOW)
            )
            == first
        )


def test_a_purchase_for_a_job_that_the_wallet_does_not_know_is_refused_and_not_begun(wallet: Wallet) -> None:
    kind = PurchaseKind(SELLER, "image-credit", 3)
    with pytest.raises(UsageError) as caught:
        wallet.transact(
            lambda db: purchase_store.open_purchase(db, kind, new_id="1", job_id="my job", now=NOW)
        )
    assert caught.value.code == "job_unknown"
    assert wallet.transact(lambda db: purchase_store.find_open(db, kind)) is None


def test_a_payment_request_is_paid_once_even_when_the_seller_sends_it_for_two_purchases(
    wallet: Wallet,
) -> None:
    requested(wallet, "a")

    def work(db: sqlite3.Connection) -> Purchase:
        second = purchase_store.open_purchase(
            db, PurchaseKind(SELLER, "another", 3), new_id="b", job_id=None, now=NOW
        )
        return purchase_store.store_request(db, second, "token", request("request a"))

    with pytest.raises(SellerFault) as caught:
        wallet.transact(work)
    assert caught.value.code == "request_repeated"


def test_a_purchase_is_signed_once(wallet: Wallet) -> None:
    purchase, budget = requested(wallet, "a"), Budget("5.00 USD")
    pay(wallet, purchase, budget, ("00#0",))
    with pytest.raises(WalletError) as caught:
        pay(wallet, purchase, budget, ("11#0",))
    assert caught.value.code == "purchase_taken"
    assert spent(wallet) == 300


def test_two_payments_never_spend_one_output(wallet: Wallet) -> None:
    budget = Budget("5.00 USD")
    first, second = requested(wallet, "a"), requested(wallet, "b")
    pay(wallet, first, budget, ("00#0", "00#1"))
    with pytest.raises(WalletError) as caught:
        pay(wallet, second, budget, ("00#1",))
    assert caught.value.code == "resources_taken"
    assert spent(wallet) == 300


def test_an_abandoned_purchase_gives_price_and_outputs_back(wallet: Wallet) -> None:
    budget = Budget("3.00 USD", total="3.00 USD")
    first, second = requested(wallet, "a"), requested(wallet, "b")
    signed = pay(wallet, first, budget, ("00#0",))
    with pytest.raises(OverBudget):
        pay(wallet, second, budget, ("11#0",))
    wallet.transact(lambda db: purchase_store.abandon(db, signed))
    assert spent(wallet) == 0
    assert pay(wallet, second, budget, ("00#0",)).state == "signed"


def receipt_of(uuid: str) -> Receipt:
    return Receipt(f"urn:uuid:{uuid}", "did:x", "did:y", NOW, NOW + 1, "token", "cardano", {}, None)


def test_a_receipt_is_found_by_the_beginning_of_its_id_that_fits_no_other(wallet: Wallet) -> None:
    ids = ("0192aaaa-0000-7000-8000-000000000000", "0192aaab-0000-7000-8000-000000000000")
    for number, uuid in enumerate(ids):
        signed = pay(wallet, requested(wallet, f"p{number}"), Budget("9.00 USD"), (f"{number:02}#0",))
        wallet.transact(lambda db, one=signed, id_=uuid: receipts.store(db, one, receipt_of(id_), "secret"))  # type: ignore[misc]

    def found(beginning: str) -> str:
        return wallet.transact(lambda db: receipts.find(db, beginning)).id

    for uuid in ids:
        for beginning in (uuid, f"urn:uuid:{uuid}", uuid[:8]):
            assert found(beginning) == f"urn:uuid:{uuid}"
    for beginning, code in {
        "0192aaa": "receipt_ambiguous",
        "0192aaac": "receipt_unknown",
        "": "receipt_unknown",
    }.items():
        with pytest.raises(UsageError) as caught:
            found(beginning)
        assert caught.value.code == code


def test_a_paid_purchase_stays_spent_and_its_outputs_taken(wallet: Wallet) -> None:
    signed = pay(wallet, requested(wallet, "a"), Budget("3.00 USD"), ("00#0",))
    receipt = receipt_of("00000000-0000-4000-8000-000000000000")
    held = wallet.transact(lambda db: receipts.store(db, signed, receipt, "secret"))
    again = wallet.transact(lambda db: receipts.store(db, signed, receipt, "secret"))
    assert held == again
    assert "secret" not in repr(held)
    assert spent(wallet) == 300
    assert taken(wallet) == {"00#0"}
    with pytest.raises(WalletError):
        wallet.transact(lambda db: purchase_store.abandon(db, signed))


def test_a_cost_above_the_price_is_what_the_budget_counts(wallet: Wallet) -> None:
    budget = Budget("5.00 USD", total="6.00 USD")
    pay(wallet, requested(wallet, "a"), budget, ("00#0",), cost=301)
    assert spent(wallet) == 301
    with pytest.raises(OverBudget):
        pay(wallet, requested(wallet, "b"), budget, ("11#0",))


def test_draft_and_evidence_are_read_as_they_were_stored(wallet: Wallet) -> None:
    signed = pay(wallet, requested(wallet, "a"), Budget("3.00 USD"), ("00#0",))
    found = wallet.transact(lambda db: purchase_store.find(db, signed.id))
    assert (found.payer, found.draft.external_id, found.draft.document) == (
        "plain",
        "hash of a",
        {"expires": 100},
    )
    assert found.evidence == PlainPayer().sign(found.draft)


STEPS: dict[str, Callable[[Wallet, Purchase], object]] = {
    "offered": lambda wallet, seen: wallet.transact(
        lambda db: purchase_store.store_request(db, seen, "token", request("another"))
    ),
    "expired": lambda wallet, seen: wallet.transact(lambda db: purchase_store.forget_request(db, seen)),
    "signed": lambda wallet, seen: pay(wallet, seen, Budget("5.00 USD"), ("11#0",)),
    "abandoned": lambda wallet, seen: wallet.transact(lambda db: purchase_store.abandon(db, seen)),
    "receipted": lambda wallet, seen: wallet.transact(lambda db: purchase_store.paid(db, seen)),
    "released": lambda wallet, seen: wallet.transact(lambda db: purchase_store.release(db, seen)),
}
ALLOWED = {
    "wanted": {"offered", "abandoned"},
    "requested": {"expired", "signed", "abandoned"},
    "signed": {"abandoned", "receipted", "released"},
    "released": {"abandoned", "receipted"},
    "paid": set[str](),
    "abandoned": set[str](),
}


def in_state(wallet: Wallet, state: str) -> Purchase:
    purchase = requested(wallet, "a")
    if state == "wanted":
        return wallet.transact(lambda db: purchase_store.forget_request(db, purchase))
    if state == "requested":
        return purchase
    if state == "abandoned":
        return wallet.transact(lambda db: purchase_store.abandon(db, purchase))
    signed = pay(wallet, purchase, Budget("5.00 USD"), ("00#0",))
    if state == "released":
        return wallet.transact(lambda db: purchase_store.release(db, signed))
    if state == "paid":
        receipt = receipt_of("00000000-0000-4000-8000-000000000000")
        wallet.transact(lambda db: receipts.store(db, signed, receipt, "secret"))
    return wallet.transact(lambda db: purchase_store.find(db, signed.id))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", STATES)
def test_a_step_is_stored_only_where_it_may_follow(wallet: Wallet, state: str, step: str) -> None:
    purchase = in_state(wallet, state)
    if step in ALLOWED[state]:
        STEPS[step](wallet, purchase)
    else:
        with pytest.raises(ImpossibleEvent):
            STEPS[step](wallet, purchase)
        assert wallet.transact(lambda db: purchase_store.find(db, purchase.id)) == purchase


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", ["wanted", "requested", "signed"])
def test_a_step_of_somebody_who_saw_an_earlier_state_is_refused(
    wallet: Wallet, state: str, step: str
) -> None:
    purchase = in_state(wallet, state)
    if step not in ALLOWED[state]:
        return
    STEPS[step](wallet, purchase)
    with pytest.raises(WalletError):
        STEPS[step](wallet, purchase)


def test_a_released_purchase_stays_spent_lets_go_of_its_outputs_and_ends_by_its_receipt(
    wallet: Wallet,
) -> None:
    released = in_state(wallet, "released")
    assert (spent(wallet), len(taken(wallet))) == (300, 0)
    receipt = receipt_of("00000000-0000-4000-8000-000000000000")
    wallet.transact(lambda db: receipts.store(db, released, receipt, "secret"))
    assert wallet.transact(lambda db: purchase_store.find(db, released.id)).state == "paid"
    with pytest.raises(WalletError):
        wallet.transact(lambda db: purchase_store.abandon(db, released))
    assert spent(wallet) == 300
