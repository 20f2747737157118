"""Purchases in the wallet: signed once, never from one output twice, never over the total, whoever is at it."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from buyer.budget import Budget
from buyer.errors import BuyerError, OverBudget, SellerFault, WalletError
from buyer.purchase import receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.store import Kind, Purchase
from buyer.seller.checks import AcceptedOffer
from buyer.wallet.file import Wallet
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens.prt import Order, PaymentOption, PaymentRequest
from shared.tokens.receipt import Receipt

NOW = 1_800_000_000
SELLER = "https://seller.example"


@dataclass(frozen=True)
class Draft:
    """A payment as far as the wallet cares."""

    tx_hash: str
    inputs: tuple[tuple[str, int], ...]
    expiry_slot: int = 100

    def sign(self, key: SigningKey) -> bytes:
        return key.sign(self.tx_hash.encode())


def offer(request_id: str, cents: int = 300) -> AcceptedOffer:
    option = PaymentOption("cardano", 6_000_000, 6, "ADA", "addr_test1", "cardano:devnet")
    order = Order("image-credit", 3, "a" * 56 + ".00")
    price = Money(cents, "USD", 2)
    request = PaymentRequest(request_id, "did:x", "", NOW, NOW + 900, None, price, order, (option,))
    return AcceptedOffer(f"token of {request_id}", request, option)


def requested(wallet: Wallet, name: str, *, cents: int = 300, credit_count: int = 3) -> Purchase:
    """A purchase of its own kind, ready to be paid."""
    kind = Kind(SELLER, f"product {name}", credit_count)

    def work(db: sqlite3.Connection) -> Purchase:
        purchase = purchase_store.take_up(db, kind, new_id=name, run_id=None, now=NOW)
        return purchase_store.store_request(db, purchase, offer(f"request {name}", cents))

    return wallet.transact(work)


def pay(wallet: Wallet, purchase: Purchase, budget: Budget, inputs: tuple[tuple[str, int], ...]) -> Purchase:
    draft = Draft(f"hash of {purchase.id}", inputs)
    return wallet.transact(lambda db: purchase_store.debit(db, purchase, budget, draft, wallet.key))


def spent(wallet: Wallet) -> int:
    return wallet.transact(lambda db: purchase_store.spent(db, like=Money(0, "USD", 2))).amount


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "wallet.db"


@pytest.fixture
def wallet(path: Path) -> Iterator[Wallet]:
    with closing(Wallet.create(path)) as made:
        yield made


def test_an_open_purchase_is_taken_up_and_not_doubled(wallet: Wallet, path: Path) -> None:
    kind = Kind(SELLER, "image-credit", 3)
    first = wallet.transact(lambda db: purchase_store.take_up(db, kind, new_id="1", run_id=None, now=NOW))
    with closing(Wallet.open(path)) as other:
        assert (
            other.transact(lambda db: purchase_store.take_up(db, kind, new_id="2", run_id=None, now=NOW))
            == first
        )


def test_a_payment_request_is_paid_once_even_when_the_seller_sends_it_for_two_purchases(
    wallet: Wallet,
) -> None:
    requested(wallet, "a")

    def work(db: sqlite3.Connection) -> Purchase:
        second = purchase_store.take_up(db, Kind(SELLER, "another", 3), new_id="b", run_id=None, now=NOW)
        return purchase_store.store_request(db, second, offer("request a"))

    with pytest.raises(SellerFault) as caught:
        wallet.transact(work)
    assert caught.value.code == "request_repeated"


def test_a_purchase_is_signed_once(wallet: Wallet) -> None:
    purchase, budget = requested(wallet, "a"), Budget("5.00 USD")
    pay(wallet, purchase, budget, (("00", 0),))
    with pytest.raises(WalletError) as caught:
        pay(wallet, purchase, budget, (("11", 0),))
    assert caught.value.code == "purchase_taken"
    assert spent(wallet) == 300


def test_two_payments_never_spend_one_output(wallet: Wallet) -> None:
    budget = Budget("5.00 USD")
    first, second = requested(wallet, "a"), requested(wallet, "b")
    pay(wallet, first, budget, (("00", 0), ("00", 1)))
    with pytest.raises(WalletError) as caught:
        pay(wallet, second, budget, (("00", 1),))
    assert caught.value.code == "outputs_taken"
    assert spent(wallet) == 300


def test_an_abandoned_purchase_gives_price_and_outputs_back(wallet: Wallet) -> None:
    budget = Budget("3.00 USD", total="3.00 USD")
    first, second = requested(wallet, "a"), requested(wallet, "b")
    signed = pay(wallet, first, budget, (("00", 0),))
    with pytest.raises(OverBudget):
        pay(wallet, second, budget, (("11", 0),))
    wallet.transact(lambda db: purchase_store.abandon(db, signed))
    assert spent(wallet) == 0
    assert pay(wallet, second, budget, (("00", 0),)).state == "signed"


def test_a_paid_purchase_stays_spent_and_its_outputs_taken(wallet: Wallet) -> None:
    signed = pay(wallet, requested(wallet, "a"), Budget("3.00 USD"), (("00", 0),))
    uuid = "urn:uuid:00000000-0000-4000-8000-000000000000"
    receipt = Receipt(uuid, "did:x", "did:y", NOW, NOW + 1, "token", "cardano", {}, None)
    held = wallet.transact(lambda db: receipts.store(db, signed, receipt, "secret"))
    again = wallet.transact(lambda db: receipts.store(db, signed, receipt, "secret"))
    assert held == again
    assert "secret" not in repr(held)
    assert spent(wallet) == 300
    assert wallet.transact(purchase_store.spent_outputs) == {("00", 0)}
    with pytest.raises(WalletError):
        wallet.transact(lambda db: purchase_store.abandon(db, signed))


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
                outcomes.append(pay(own, waiting[number], budget, ((f"{number:02x}", 0),)).state)
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
                outcomes.append(pay(own, purchase, budget, ((f"{number:02x}", 0),)).state)
            except BuyerError as error:
                outcomes.append(error.code)

    side_by_side(12, work)
    assert sorted(outcomes) == ["purchase_taken"] * 11 + ["signed"]
    assert len(wallet.transact(purchase_store.spent_outputs)) == 1


CHILD = """
import sys
from buyer.budget import Budget
from buyer.wallet.file import Wallet
from tests.unit.buyer.test_buyer_purchases import pay, requested
wallet = Wallet.open(sys.argv[1])
for number in range(4):
    name = f"{sys.argv[2]}-{number}"
    try:
        pay(wallet, requested(wallet, name), Budget("3.00 USD", total="9.00 USD"), ((name.encode().hex(), 0),))
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
