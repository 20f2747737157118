"""Purchases in the wallet: signed once, never from one output twice, never over the total, whoever is at it."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from buyer.budget import Budget
from buyer.errors import BuyerError, OverBudget, SellerFault, WalletError
from buyer.payers.base import Cost, PaymentDraft
from buyer.purchase import receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.machine import STATES, ImpossibleEvent
from buyer.purchase.record import Purchase, PurchaseKind
from buyer.wallet.file import Wallet
from shared.money import Money
from shared.tokens.prt import Order, PaymentOption, PaymentRequest
from shared.tokens.receipt import Receipt
from tests.support.world.wallets.payers import PlainPayer

NOW = 1_800_000_000
SELLER = "https://seller.example"


OPTION = PaymentOption("cardano", 6_000_000, 6, "ADA", "addr_test1", "cardano:devnet")


def request(request_id: str, cents: int = 300) -> PaymentRequest:
    order = Order("image-credit", 3, "a" * 56 + ".00")
    price = Money(cents, "USD", 2)
    return PaymentRequest(request_id, "did:x", "", NOW, NOW + 900, None, price, order, (OPTION,))


def requested(wallet: Wallet, name: str, *, cents: int = 300, credit_count: int = 3) -> Purchase:
    """A purchase of its own kind, ready to be paid."""
    kind = PurchaseKind(SELLER, f"product {name}", credit_count)

    def work(db: sqlite3.Connection) -> Purchase:
        purchase = purchase_store.open_purchase(db, kind, new_id=name, job_id=None, now=NOW)
        asked = request(f"request {name}", cents)
        return purchase_store.store_request(db, purchase, f"token of {asked.id}", asked)

    return wallet.transact(work)


def pay(
    wallet: Wallet, purchase: Purchase, budget: Budget, resources: tuple[str, ...], *, cost: int | None = None
) -> Purchase:
    token, price = purchase.payment_request_token, purchase.price
    assert token is not None
    assert price is not None
    draft = PaymentDraft(token, OPTION.id, f"hash of {purchase.id}", resources, {"expires": 100})
    charged = Cost(price if cost is None else Money(cost, price.currency, price.decimals))
    return wallet.transact(
        lambda db: purchase_store.debit(db, purchase, draft, budget=budget, cost=charged, payer=PlainPayer())
    )


def taken(wallet: Wallet) -> frozenset[str]:
    return wallet.transact(lambda db: purchase_store.taken_resources(db, PlainPayer.id))


def spent(wallet: Wallet) -> int:
    return wallet.transact(lambda db: purchase_store.spent(db, like=Money(0, "USD", 2))).amount


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


def test_a_paid_purchase_stays_spent_and_its_outputs_taken(wallet: Wallet) -> None:
    signed = pay(wallet, requested(wallet, "a"), Budget("3.00 USD"), ("00#0",))
    uuid = "urn:uuid:00000000-0000-4000-8000-000000000000"
    receipt = Receipt(uuid, "did:x", "did:y", NOW, NOW + 1, "token", "cardano", {}, None)
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
}
ALLOWED = {
    "wanted": {"offered", "abandoned"},
    "requested": {"expired", "signed", "abandoned"},
    "signed": {"abandoned", "receipted"},
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
    return signed if state == "signed" else wallet.transact(lambda db: purchase_store.paid(db, signed))


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
@pytest.mark.parametrize("state", [state for state in STATES if ALLOWED[state]])
def test_a_step_of_somebody_who_saw_an_earlier_state_is_refused(
    wallet: Wallet, state: str, step: str
) -> None:
    purchase = in_state(wallet, state)
    if step not in ALLOWED[state]:
        return
    STEPS[step](wallet, purchase)
    with pytest.raises(WalletError):
        STEPS[step](wallet, purchase)


def side_by_side(count: int, work: Callable[[int], None]) -> None:
    """Run `work` in that many threads at once."""
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_total_is_never_overspent_by_buyers_side_by_side(wallet: Wallet, path: Path) -> None:
    budget = Budget("3.00 USD", total="15.00 USD")
    waiting = [requested(wallet, str(number)) for number in range(16)]
    outcomes: list[str] = []

    def work(number: int) -> None:
        with closing(Wallet.open(path)) as own:
            try:
                outcomes.append(pay(own, waiting[number], budget, (f"{number:02x}#0",)).state)
            except OverBudget as error:
                outcomes.append(error.code)

    side_by_side(16, work)
    assert sorted(outcomes) == ["over_total_budget"] * 11 + ["signed"] * 5
    assert spent(wallet) == 1500


def test_one_purchase_is_signed_by_one_of_many_buyers(wallet: Wallet, path: Path) -> None:
    purchase, budget = requested(wallet, "a"), Budget("3.00 USD")
    outcomes: list[str] = []

    def work(number: int) -> None:
        with closing(Wallet.open(path)) as own:
            try:
                outcomes.append(pay(own, purchase, budget, (f"{number:02x}#0",)).state)
            except BuyerError as error:
                outcomes.append(error.code)

    side_by_side(12, work)
    assert sorted(outcomes) == ["purchase_taken"] * 11 + ["signed"]
    assert len(taken(wallet)) == 1


CHILD = """
import sys
from buyer.budget import Budget
from buyer.wallet.file import Wallet
from tests.unit.buyer.purchase.test_buyer_purchases import pay, requested
wallet = Wallet.open(sys.argv[1])
for number in range(4):
    name = f"{sys.argv[2]}-{number}"
    try:
        pay(wallet, requested(wallet, name), Budget("3.00 USD", total="9.00 USD"), (name.encode().hex(),))
        print("signed")
    except Exception as error:
        print(error.code)
wallet.close()
"""


def test_a_total_is_never_overspent_by_processes_side_by_side(wallet: Wallet, path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(number)], stdout=subprocess.PIPE, text=True
        )
        for number in range(4)
    ]
    lines = "".join(process.communicate(timeout=60)[0] for process in processes).split()
    assert sorted(lines) == ["over_total_budget"] * 13 + ["signed"] * 3
    assert spent(wallet) == 900
