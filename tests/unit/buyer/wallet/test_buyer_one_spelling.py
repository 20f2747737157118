"""What a wallet kept under another spelling of a seller's address is found again, and nothing is lost on the way."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from buyer.budget import Budget
from buyer.errors import UsageError
from buyer.limits import SpendingLimits
from buyer.purchase import allowance, receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.record import Purchase, PurchaseKind
from buyer.redemptions import jobs
from buyer.seller import identity
from buyer.seller.origin import seller_origin
from buyer.wallet import owner
from buyer.wallet.file import Wallet
from buyer.wallet.steps.one_spelling import one_spelling
from shared.money import Money
from tests.unit.buyer.purchase.purchase_samples import NOW, pay, request

OURS = "https://seller.example"
ODD = ("https://Seller.EXAMPLE/", "https://seller.example:443", "https://seller.example.")
BUDGET = Budget("50.00 USD")
#: what versions after 4 have brought
LATER = (
    *(
        "DROP INDEX uses_of_a_receipt",
        "DROP TABLE series",
        "DROP TABLE paid_calls",
        "DROP TABLE gifts",
        "DROP TABLE credits_left",
        "DROP TABLE credit_calls",
        "DROP TRIGGER use_asked",
        "DROP TRIGGER use_refused",
    ),
    "ALTER TABLE receipts DROP COLUMN asked",
)


def opened(path: Path, fill: Callable[[Wallet], None]) -> Wallet:
    """A wallet of version 4 that was filled, opened by this version."""
    with closing(Wallet.create(path)) as wallet:
        fill(wallet)
        for later in LATER:
            wallet.transact(lambda db, later=later: db.execute(later))  # type: ignore[misc]  # bound now
        wallet.transact(lambda db: db.execute("PRAGMA user_version = 4"))
    return Wallet.open(path)


def purchase(
    wallet: Wallet, origin: str, name: str, *, until: str = "signed", job: str | None = None
) -> Purchase:
    def work(db: sqlite3.Connection) -> Purchase:
        kind = PurchaseKind(origin, "image-credit", 3)
        if job is not None:
            jobs.open_job(db, job, new_id=job, now=NOW)
        begun = purchase_store.open_purchase(db, kind, new_id=name, job_id=job, now=NOW)
        asked = request(f"request {name}")
        return purchase_store.store_request(db, begun, f"token of {asked.id}", asked)

    found = wallet.transact(work)
    return found if until == "requested" else pay(wallet, found, BUDGET, (f"{name}#0",))


def stored(wallet: Wallet, name: str) -> Purchase:
    return wallet.transact(lambda db: purchase_store.find(db, name))


def with_receipt(wallet: Wallet, bought: Purchase) -> None:
    def work(db: sqlite3.Connection) -> None:
        purchase_store.paid(db, bought)
        db.execute(
            "INSERT INTO receipts VALUES (?1, ?2, 'token', 1, 2, 0)", (f"urn:uuid:{bought.id}", bought.id)
        )

    wallet.transact(work)


@pytest.mark.parametrize(
    "origin",
    [
        *(
            OURS,
            *ODD,
            "https://seller.example:443/shop/",
            "https://seller.example/shop",
            "https://seller.example:8443",
        ),
        *(
            "http://LOCALHOST:80/",
            "http://[::1]:8402/",
            "http://[0:0:0:0:0:0:0:1]:8402",
            "https://xn--e1afmkfd.example/",
        ),
    ],
)
def test_an_address_is_spelled_as_buyers_look_for_it(path: Path, origin: str) -> None:
    with opened(path, lambda wallet: with_receipt(wallet, purchase(wallet, origin, "a"))) as wallet:
        assert [
            held.id for held in wallet.transact(lambda db: receipts.every(db, seller_origin(origin)))
        ] == ["urn:uuid:a"]


@pytest.mark.parametrize("origin", ["unknown", "https://", "https://a:b", "ftp://x/", "https://u@h/"])
def test_what_is_no_address_stays_as_it_is(path: Path, origin: str) -> None:
    with opened(path, lambda wallet: with_receipt(wallet, purchase(wallet, origin, "a"))) as wallet:
        assert [held.origin for held in wallet.transact(receipts.every)] == [origin]


def test_every_receipt_at_any_spelling_is_kept_and_found(path: Path) -> None:
    def fill(wallet: Wallet) -> None:
        for origin in (OURS, *ODD):
            with_receipt(wallet, purchase(wallet, origin, f"at {origin}"))

    with opened(path, fill) as wallet:
        assert len(wallet.transact(lambda db: receipts.every(db, OURS))) == 4
        assert wallet.transact(lambda db: allowance.spent(db, like=Money(0, "USD", 2))).amount == 1200


@pytest.mark.parametrize("until", ["requested", "signed"])
def test_of_two_open_purchases_the_signed_one_stays_open_and_no_payment_is_given_up(
    path: Path, until: str
) -> None:
    def fill(wallet: Wallet) -> None:
        purchase(wallet, OURS, "first", until=until)
        purchase(wallet, ODD[0], "second")
        purchase(wallet, ODD[1], "third", until="requested")

    with opened(path, fill) as wallet:
        kind = PurchaseKind(OURS, "image-credit", 3)
        still, other = ("first", "second") if until == "signed" else ("second", "first")
        found = {name: stored(wallet, name) for name in (still, other, "third")}
        open_one = wallet.transact(lambda db: purchase_store.find_open(db, kind))
        assert open_one is not None
        assert open_one.id == still
        assert {one.kind for one in found.values()} == {kind}
        assert found["third"].state == "abandoned"
        assert found[other].state == ("released" if until == "signed" else "abandoned")
        # What was signed may land: it is counted, what it uses up stays taken, and it can be claimed.
        signed = {"first", "second"} if until == "signed" else {"second"}
        assert wallet.transact(lambda db: allowance.spent(db, like=Money(0, "USD", 2))).amount == 300 * len(
            signed
        )
        taken = wallet.transact(lambda db: purchase_store.taken_resources(db, "plain"))
        assert taken == {f"{name}#0" for name in signed}
        assert {one.id for one in wallet.transact(purchase_store.unfinished)} == signed


def test_an_interrupted_job_goes_on_with_what_it_has_paid_for(path: Path) -> None:
    def fill(wallet: Wallet) -> None:
        old = json.dumps(["images", ODD[0], 3])
        with_receipt(wallet, purchase(wallet, ODD[0], "a", job=old))

    with opened(path, fill) as wallet:
        name = json.dumps(["images", OURS, 3])
        job = wallet.transact(lambda db: jobs.open_job(db, name, new_id="another", now=NOW))
        held = wallet.transact(lambda db: receipts.of_job(db, job))
        assert held is not None
        assert held.id == "urn:uuid:a"


def test_of_two_identities_the_first_is_held_to_and_keys_of_one_identity_are_joined(path: Path) -> None:
    def fill(wallet: Wallet) -> None:
        def work(db: sqlite3.Connection) -> None:
            for seen, (origin, did, key) in enumerate(
                [(ODD[0], "did:a", "k1"), (OURS, "did:a", "k2"), (ODD[1], "did:b", "k3")]
            ):
                identity.pin(db, origin, did, NOW + seen)
                identity.hold(db, origin, [key])

        wallet.transact(work)

    with opened(path, fill) as wallet:
        assert wallet.transact(lambda db: identity.pinned(db, OURS)) == "did:a"
        keys = wallet.transact(
            lambda db: db.execute("SELECT key, value FROM settings WHERE key GLOB 'keys of *'").fetchall()
        )
        assert keys == [(f"keys of {OURS}", b'["k1", "k2"]')]
        assert wallet.transact(lambda db: db.execute("SELECT first_seen FROM sellers").fetchall()) == [(NOW,)]


def test_an_owners_word_counts_at_the_one_spelling_and_once(path: Path) -> None:
    kind, price = PurchaseKind(OURS, "image-credit", 3), Money(300, "USD", 2)
    limits = SpendingLimits(
        approve_above=Money(100, "USD", 2), sellers=(ODD[0], OURS, "https://other.example")
    )

    def fill(wallet: Wallet) -> None:
        def work(db: sqlite3.Connection) -> None:
            owner.store(db, limits, b"box")
            for origin in (OURS, *ODD):
                asked = PurchaseKind(origin, "image-credit", 3)
                allowance.lacking(db, asked, price, new_id=f"for {origin}", now=NOW)
            allowance.approve(db, f"for {ODD[1]}", now=NOW)

        wallet.transact(work)

    with opened(path, fill) as wallet:
        held = wallet.transact(owner.limits)
        assert held is not None
        assert held.sellers == (OURS, "https://other.example")
        (kept,) = wallet.transact(allowance.waiting)
        assert (kept.id, kept.kind) == (f"for {ODD[1]}", kind)
        assert wallet.transact(lambda db: allowance.lacking(db, kind, price, new_id="new", now=NOW)) is None


def test_the_step_changes_nothing_where_every_address_is_spelled_so(path: Path) -> None:
    with closing(Wallet.create(path)) as wallet:
        with_receipt(wallet, purchase(wallet, OURS, "a", job=json.dumps(["images", OURS, 3])))
        purchase(wallet, "https://other.example", "b")
        before = list(wallet.transact(lambda db: list(db.iterdump())))
        wallet.transact(one_spelling)
        assert wallet.transact(lambda db: list(db.iterdump())) == before


def test_a_request_id_that_a_seller_gave_at_two_spellings_loses_no_purchase(path: Path) -> None:
    def fill(wallet: Wallet) -> None:
        for origin, name in ((OURS, "a"), (ODD[0], "b")):
            with_receipt(wallet, purchase(wallet, origin, name))
        wallet.transact(lambda db: db.execute("UPDATE purchases SET payment_request_id = 'same'"))

    with opened(path, fill) as wallet:
        assert {held.id for held in wallet.transact(receipts.every)} == {"urn:uuid:a", "urn:uuid:b"}
        with pytest.raises(UsageError):
            wallet.transact(lambda db: receipts.find(db, "c"))
