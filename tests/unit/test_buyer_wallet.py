"""The wallet: private, durable, whole after a crash, and never spent from twice by buyers side by side."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from buyer import leases, purchases, receipts
from buyer.budget import Budget
from buyer.checks import Offer
from buyer.errors import BuyerError, OverBudget, SellerFault, WalletError
from buyer.purchases import Kind, Purchase
from buyer.wallet import Wallet, default_path
from shared.keys import SigningKey
from shared.money import Money
from shared.payment_request import Order, PaymentOption, PaymentRequest
from shared.receipt import Receipt

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


def offer(request_id: str, cents: int = 300) -> Offer:
    option = PaymentOption("cardano", 6_000_000, 6, "ADA", "addr_test1", "cardano:devnet")
    order = Order("image-credit", 3, "a" * 56 + ".00")
    price = Money(cents, "USD", 2)
    request = PaymentRequest(request_id, "did:x", "", NOW, NOW + 900, None, price, order, (option,))
    return Offer(f"token of {request_id}", request, option)


def requested(wallet: Wallet, name: str, *, cents: int = 300, credit_count: int = 3) -> Purchase:
    """A purchase of its own kind, ready to be paid."""
    kind = Kind(SELLER, f"product {name}", credit_count)

    def work(db: sqlite3.Connection) -> Purchase:
        purchase = purchases.take_up(db, kind, new_id=name, run_id=None, now=NOW)
        return purchases.store_request(db, purchase, offer(f"request {name}", cents))

    return wallet.transact(work)


def pay(wallet: Wallet, purchase: Purchase, budget: Budget, inputs: tuple[tuple[str, int], ...]) -> Purchase:
    draft = Draft(f"hash of {purchase.id}", inputs)
    return wallet.transact(lambda db: purchases.debit(db, purchase, budget, draft, wallet.key))


def spent(wallet: Wallet) -> int:
    return wallet.transact(lambda db: purchases.spent(db, like=Money(0, "USD", 2))).amount


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "wallet.db"


@pytest.fixture
def wallet(path: Path) -> Iterator[Wallet]:
    with closing(Wallet.create(path)) as made:
        yield made


def test_a_wallet_is_readable_by_its_owner_alone(wallet: Wallet, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["wallet.db"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601])
def test_a_wallet_that_others_may_open_is_refused(wallet: Wallet, path: Path, mode: int) -> None:
    wallet.close()
    path.chmod(mode)
    with pytest.raises(WalletError, match=f"mode {mode:04o}") as caught:
        Wallet.open(path)
    assert "chmod 600" in caught.value.hint


def test_a_wallet_keeps_its_key_and_network(path: Path) -> None:
    with (
        closing(Wallet.create(path, network="cardano:preprod")) as made,
        closing(Wallet.open(path)) as opened,
    ):
        assert (opened.did, opened.address, opened.network) == (made.did, made.address, "cardano:preprod")


def test_a_wallet_is_never_made_over_another(wallet: Wallet, path: Path) -> None:
    with pytest.raises(WalletError) as caught:
        Wallet.create(path)
    assert caught.value.code == "wallet_exists"
    with closing(Wallet.open(path)) as opened:
        assert opened.did == wallet.did
    assert [entry.name for entry in path.parent.iterdir()] == ["wallet.db"]


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, b"SQLite format 3\0" + b"\0" * 100])
def test_a_file_that_is_no_wallet_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(WalletError):
        Wallet.open(file)


def test_a_missing_wallet_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(WalletError) as caught:
        Wallet.open(path)
    assert caught.value.hint == "Make one: buyer wallet create"
    assert caught.value.exit_code == 2


def test_an_unknown_network_is_refused(path: Path) -> None:
    with pytest.raises(WalletError):
        Wallet.create(path, network="bitcoin")
    assert not path.exists()


def test_the_default_place_follows_xdg() -> None:
    assert default_path({"XDG_DATA_HOME": "/data"}) == Path("/data/buyer/wallet.db")
    assert default_path({"XDG_DATA_HOME": "relative"}) == default_path({})
    assert default_path({}) == Path.home() / ".local/share/buyer/wallet.db"


def test_what_fails_in_the_middle_leaves_nothing(wallet: Wallet) -> None:
    def work(db: sqlite3.Connection) -> None:
        purchases.take_up(db, Kind(SELLER, "image-credit", 3), new_id="1", run_id=None, now=NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        wallet.transact(work)
    assert wallet.transact(lambda db: db.execute("SELECT count(*) FROM purchases").fetchone()) == (0,)


def test_an_open_purchase_is_taken_up_and_not_doubled(wallet: Wallet, path: Path) -> None:
    kind = Kind(SELLER, "image-credit", 3)
    first = wallet.transact(lambda db: purchases.take_up(db, kind, new_id="1", run_id=None, now=NOW))
    with closing(Wallet.open(path)) as other:
        assert (
            other.transact(lambda db: purchases.take_up(db, kind, new_id="2", run_id=None, now=NOW)) == first
        )


def test_a_payment_request_is_paid_once_even_when_the_seller_sends_it_for_two_purchases(
    wallet: Wallet,
) -> None:
    requested(wallet, "a")

    def work(db: sqlite3.Connection) -> Purchase:
        second = purchases.take_up(db, Kind(SELLER, "another", 3), new_id="b", run_id=None, now=NOW)
        return purchases.store_request(db, second, offer("request a"))

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
    wallet.transact(lambda db: purchases.abandon(db, signed))
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
    assert wallet.transact(purchases.spent_outputs) == {("00", 0)}
    with pytest.raises(WalletError):
        wallet.transact(lambda db: purchases.abandon(db, signed))


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
    assert len(wallet.transact(purchases.spent_outputs)) == 1


CHILD = """
import sys
from buyer.budget import Budget
from buyer.wallet import Wallet
from tests.unit.test_buyer_wallet import pay, requested
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


def work_on(wallet: Wallet, name: str, *, now: int = NOW, nonce: str = "1") -> leases.Work:
    return leases.Work(wallet, name, lambda: now, nonce)


def test_a_lease_is_held_by_one_until_it_runs_out(wallet: Wallet) -> None:
    assert leases.try_take(work_on(wallet, "it"))
    assert not leases.try_take(work_on(wallet, "it", nonce="2"))
    assert leases.try_take(work_on(wallet, "something else", nonce="2"))
    assert leases.try_take(work_on(wallet, "it", nonce="2", now=NOW + leases.SECONDS))


def test_the_lease_of_a_dead_process_is_free_at_once(wallet: Wallet) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pid = child.pid
    assert leases.try_take(work_on(wallet, "it"))
    owner = work_on(wallet, "it").owner.replace(f":{os.getpid()}:", f":{pid}:")
    wallet.transact(lambda db: db.execute("UPDATE leases SET owner = ?", (owner,)))
    assert leases.try_take(work_on(wallet, "it", nonce="2"))


def test_a_lease_of_another_machine_is_left_alone(wallet: Wallet) -> None:
    assert leases.try_take(work_on(wallet, "it"))
    wallet.transact(lambda db: db.execute("UPDATE leases SET owner = 'elsewhere:999999999:1'"))
    assert not leases.try_take(work_on(wallet, "it", nonce="2"))


def test_the_second_waits_for_the_first_and_then_has_its_turn(wallet: Wallet) -> None:
    order: list[str] = []

    async def one(nonce: str) -> None:
        async with leases.held(work_on(wallet, "it", nonce=nonce), wait=20, say=lambda line: None):
            order.append(f"{nonce} in")
            await asyncio.sleep(0)
            order.append(f"{nonce} out")

    async def both() -> None:
        await asyncio.gather(one("1"), one("2"))

    asyncio.run(both())
    assert order == ["1 in", "1 out", "2 in", "2 out"]


def test_a_wait_that_is_too_long_is_refused_with_what_is_in_the_way(wallet: Wallet) -> None:
    assert leases.try_take(work_on(wallet, "the purchase"))

    async def late() -> None:
        async with leases.held(work_on(wallet, "the purchase", nonce="2"), wait=0.01, say=lambda line: None):
            raise AssertionError

    with pytest.raises(WalletError, match="still at the purchase") as caught:
        asyncio.run(late())
    assert caught.value.exit_code == 2
