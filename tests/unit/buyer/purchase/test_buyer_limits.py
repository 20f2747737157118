"""The owner's limits: what they allow, that nobody slips past them side by side, and approvals that count once."""

import json
import sqlite3
import threading
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyer.budget import Budget
from buyer.errors import ApprovalNeeded, BuyerError, OverBudget, UsageError, WalletError
from buyer.limits import SpendingLimits, SpentBefore, WantedSpending
from buyer.purchase import allowance
from buyer.purchase import store as purchase_store
from buyer.purchase.allowance import Approval
from buyer.purchase.record import Purchase
from buyer.wallet import owner
from buyer.wallet.file import Wallet
from shared.money import Money
from tests.unit.buyer.purchase.purchase_samples import NOW, SELLER, pay, requested, spent

IDS = count()
AMPLE = Budget("1000.00 USD")
DAY = 86_400


def usd(cents: int) -> Money:
    return Money(cents, "USD", 2)


def limit(wallet: Wallet, **limits: object) -> None:
    new = SpendingLimits(**limits)  # type: ignore[arg-type]  # by name
    wallet.transact(lambda db: owner.store(db, new, b"{}"))


def refused(wallet: Wallet, name: str, *, cents: int = 300, now: int = NOW) -> str:
    with pytest.raises(BuyerError) as caught:
        pay(wallet, requested(wallet, name, cents=cents), AMPLE, (f"{name}#0",), now=now)
    assert caught.value.exit_code == 3
    return caught.value.code


def test_a_limit_holds_however_much_the_call_allows(wallet: Wallet) -> None:
    limit(wallet, per_purchase=usd(300), total=usd(700))
    pay(wallet, requested(wallet, "a"), AMPLE, ("a#0",))
    assert refused(wallet, "dear", cents=301) == "over_budget"
    pay(wallet, requested(wallet, "b"), AMPLE, ("b#0",))
    assert refused(wallet, "c", cents=101) == "over_total_budget"
    assert spent(wallet) == 600


def test_the_budget_of_a_call_only_lowers_what_the_owner_allows(wallet: Wallet) -> None:
    limit(wallet, per_purchase=usd(300))
    with pytest.raises(OverBudget):
        pay(wallet, requested(wallet, "a"), Budget("2.99 USD"), ("a#0",))
    assert spent(wallet) == 0


@pytest.mark.parametrize(
    ("stored", "allowed"),
    [
        ({"per_purchase": None}, "5.00 USD"),
        ({}, "5.00 USD"),
        ({"total": "9.00 USD"}, "5.00 USD"),
        ({"per_purchase": "7.00 USD"}, "7.00 USD"),
        ({"per_purchase": "none"}, None),
        ({"total": "9.000000 ADA"}, None),
    ],
    ids=str,
)
def test_a_budget_that_names_no_ceiling_of_a_purchase_has_the_usual_one(
    wallet: Wallet, stored: dict[str, str | None], allowed: str | None
) -> None:
    document = json.dumps(stored).encode()
    wallet.transact(lambda db: db.execute("INSERT INTO settings VALUES ('limits', ?)", (document,)))
    limits = wallet.transact(owner.limits)
    assert limits is not None
    assert limits.as_json()["per_purchase"] == allowed


def test_a_day_is_any_24_hours(wallet: Wallet) -> None:
    limit(wallet, per_day=usd(600))
    pay(wallet, requested(wallet, "a"), AMPLE, ("a#0",), now=NOW)
    pay(wallet, requested(wallet, "b"), AMPLE, ("b#0",), now=NOW + DAY // 2)
    assert refused(wallet, "c", now=NOW + DAY - 1) == "over_day_budget"
    assert refused(wallet, "early", now=NOW - 10 * DAY) == "over_day_budget"  # a clock that was set back
    pay(wallet, requested(wallet, "d"), AMPLE, ("d#0",), now=NOW + DAY)


def test_a_second_address_of_one_seller_is_no_second_seller(wallet: Wallet) -> None:
    def known(db: sqlite3.Connection) -> None:
        for origin in (SELLER, "https://other.example"):
            db.execute("INSERT INTO sellers VALUES (?, 'did:key:same', ?)", (origin, NOW))

    wallet.transact(known)
    limit(wallet, per_seller=usd(300))
    pay(wallet, requested(wallet, "a"), AMPLE, ("a#0",))
    wallet.transact(lambda db: db.execute("UPDATE purchases SET origin = 'https://other.example'"))
    assert refused(wallet, "b", cents=1) == "over_seller_budget"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"sellers": ("https://other.example",)}, "seller_not_allowed"),
        ({"networks": ("cardano:mainnet",)}, "network_not_allowed"),
        ({"currencies": ("USDC",)}, "currency_not_allowed"),
        ({"per_day": Money(10**9, "ADA", 6)}, "budget_currency"),
    ],
    ids=["seller", "network", "currency", "unit"],
)
def test_what_the_owner_did_not_name_is_not_paid(
    wallet: Wallet, limits: dict[str, object], code: str
) -> None:
    limit(wallet, **limits)
    assert refused(wallet, "a") == code


def test_what_the_owner_named_is_paid(wallet: Wallet) -> None:
    limit(wallet, sellers=(SELLER,), networks=("cardano:devnet",), currencies=("ADA", "USDC"))
    assert pay(wallet, requested(wallet, "a"), AMPLE, ("a#0",)).state == "signed"


def test_a_price_that_only_a_sellers_chain_denied_stays_spent(wallet: Wallet) -> None:
    limit(wallet, total=usd(300))
    signed = pay(wallet, requested(wallet, "a"), AMPLE, ("a#0",))
    wallet.transact(lambda db: purchase_store.abandon(db, signed, given_back=False))
    assert spent(wallet) == 300
    assert refused(wallet, "b", cents=1) == "over_total_budget"


@pytest.mark.parametrize(
    ("ceiling", "code"),
    [
        ("per_seller", "over_seller_budget"),
        ("per_day", "over_day_budget"),
        ("total", "over_total_budget"),
    ],
)
def test_a_released_purchase_is_spent_until_a_chain_that_is_believed_gives_it_back(
    wallet: Wallet, ceiling: str, code: str
) -> None:
    limit(wallet, **{ceiling: usd(300)})
    signed = pay(wallet, requested(wallet, "a"), AMPLE, ("a#0",))
    released = wallet.transact(lambda db: purchase_store.release(db, signed))
    assert (released.state, released.counted, spent(wallet)) == ("released", True, 300)
    assert refused(wallet, "b", cents=1) == code
    with pytest.raises(WalletError):
        wallet.transact(lambda db: purchase_store.abandon(db, signed))
    dead = wallet.transact(lambda db: purchase_store.abandon(db, released))
    assert (dead.state, dead.counted, spent(wallet)) == ("abandoned", False, 0)
    pay(wallet, requested(wallet, "c"), AMPLE, ("c#0",))


def test_a_released_price_that_only_a_sellers_chain_denied_stays_spent(wallet: Wallet) -> None:
    limit(wallet, total=usd(300))
    signed = pay(wallet, requested(wallet, "a"), AMPLE, ("a#0",))
    released = wallet.transact(lambda db: purchase_store.release(db, signed))
    denied = wallet.transact(lambda db: purchase_store.abandon(db, released, given_back=False))
    assert (denied.state, denied.counted, spent(wallet)) == ("abandoned", True, 300)
    assert refused(wallet, "b", cents=1) == "over_total_budget"


def asked(wallet: Wallet, purchase: Purchase, cents: int) -> Approval | None:
    return wallet.transact(
        lambda db: allowance.lacking(db, purchase.kind, usd(cents), new_id=str(next(IDS)), now=NOW)
    )


def test_an_approval_is_good_once_for_that_price_and_that_order(wallet: Wallet) -> None:
    limit(wallet, approve_above=usd(100))
    purchase = requested(wallet, "a")
    assert asked(wallet, purchase, 100) is None
    approval = asked(wallet, purchase, 300)
    assert approval is not None
    assert asked(wallet, purchase, 300) == approval, "asking again asks for the same"
    assert refused(wallet, "a's like") == "approval_needed"
    wallet.transact(lambda db: allowance.approve(db, approval.id, now=NOW))
    assert asked(wallet, purchase, 300) is None
    assert refused(wallet, "another order") == "approval_needed"
    with pytest.raises(ApprovalNeeded):
        pay(wallet, purchase, AMPLE, ("a#0",), cost=301)
    signed = pay(wallet, purchase, AMPLE, ("a#0",))
    wallet.transact(lambda db: purchase_store.abandon(db, signed))
    assert asked(wallet, purchase, 300) is not None, "it was used"


def test_an_approval_of_nothing_is_a_usage_error(wallet: Wallet) -> None:
    with pytest.raises(UsageError) as caught:
        wallet.transact(lambda db: allowance.approve(db, "nobody asked", now=NOW))
    assert caught.value.code == "approval_unknown"


def test_one_approval_is_used_by_one_of_many_buyers(wallet: Wallet, path: Path) -> None:
    limit(wallet, approve_above=usd(100))
    purchase = requested(wallet, "a")
    approval = asked(wallet, purchase, 300)
    assert approval is not None
    wallet.transact(lambda db: allowance.approve(db, approval.id, now=NOW))
    outcomes: list[str] = []
    barrier = threading.Barrier(6)

    def work(number: int) -> None:
        barrier.wait()
        with closing(Wallet.open(path)) as own:
            try:
                outcomes.append(pay(own, purchase, AMPLE, (f"{number}#0",)).state)
            except BuyerError as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approval_needed"] * 5 + ["signed"]


@given(
    st.builds(
        SpendingLimits,
        per_purchase=st.none() | st.integers(0, 10**6).map(usd),
        per_day=st.none() | st.integers(0, 10**6).map(usd),
        total=st.none() | st.integers(0, 10**6).map(usd),
        sellers=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    ),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
def test_limits_are_read_as_they_were_written_and_never_let_a_ceiling_pass(
    limits: SpendingLimits, price: int, before: int
) -> None:
    assert SpendingLimits.read(limits.as_json()) == limits
    wanted = WantedSpending(next(iter(limits.sellers), SELLER), usd(price))
    try:
        limits.check(wanted, SpentBefore(usd(before), usd(before), usd(before)))
    except OverBudget:
        return
    for ceiling, whole in (
        (limits.per_purchase, price),
        (limits.per_day, before + price),
        (limits.total, before + price),
    ):
        assert ceiling is None or whole <= ceiling.amount


@pytest.mark.parametrize(
    "limits",
    [{"total": usd(1), "per_day": Money(1, "ADA", 6)}, {"ada_usd": Money(1, "ADA", 6)}, {"ada_usd": usd(0)}],
    ids=str,
)
def test_limits_that_cannot_be_compared_are_refused(limits: dict[str, Money]) -> None:
    with pytest.raises(UsageError):
        SpendingLimits(**limits)  # type: ignore[arg-type]  # by name


def test_only_the_owners_passphrase_is_recognised(wallet: Wallet) -> None:
    with pytest.raises(UsageError) as none:
        owner.recognised(wallet, "correct horse")
    assert none.value.code == "budget_unset"
    known_by = owner.introduction("correct horse")
    wallet.transact(lambda db: owner.store(db, SpendingLimits(), known_by))
    assert owner.recognised(wallet, "correct horse") == known_by
    with pytest.raises(WalletError) as wrong:
        owner.recognised(wallet, "battery staple")
    assert wrong.value.code == "passphrase_wrong"


def test_of_two_that_would_be_the_first_owner_one_is(wallet: Wallet) -> None:
    wallet.transact(lambda db: owner.store(db, SpendingLimits(total=usd(1)), b"mine"))
    with pytest.raises(UsageError) as caught:
        wallet.transact(lambda db: owner.store(db, SpendingLimits(total=usd(10**6)), b"somebody else's"))
    assert caught.value.code == "budget_set_meanwhile"
    limits = wallet.transact(owner.limits)
    assert limits is not None
    assert limits.total == usd(1)


MAINNET, DEVNET, NAMED = "cardano:mainnet", "cardano:devnet", {"BUYER_CHAIN": "http://127.0.0.1:1"}


@pytest.mark.parametrize(
    ("limits", "network", "environment", "believed"),
    [
        (None, DEVNET, {}, False),
        (None, DEVNET, NAMED, True),
        (None, MAINNET, {}, True),
        (None, MAINNET, NAMED, True),
        ({}, DEVNET, {}, False),
        ({}, DEVNET, NAMED, False),
        ({}, MAINNET, {}, True),
        ({}, MAINNET, NAMED, False),
        ({"chain": "http://127.0.0.1:2"}, DEVNET, {}, True),
        ({"chain": "http://127.0.0.1:2"}, MAINNET, NAMED, True),
    ],
)
def test_a_chain_gives_back_what_the_owner_would_believe(
    wallet: Wallet,
    limits: dict[str, object] | None,
    network: str,
    environment: dict[str, str],
    believed: bool,
) -> None:
    if limits is not None:
        limit(wallet, **limits)
    assert owner.believes_chain(wallet, network, environment) == believed
    chain = (limits or {}).get("chain") or environment.get("BUYER_CHAIN")
    assert owner.environment(wallet, environment).get("BUYER_CHAIN") == chain


def test_an_amount_that_is_none_is_told_once_and_by_its_option() -> None:
    for reading in (lambda: SpendingLimits.read({"per_purchase": "abc USD"}), lambda: Budget("abc USD")):
        with pytest.raises(UsageError) as caught:
            reading()
        assert (
            str(caught.value).removeprefix("--per-purchase: ").startswith("not an amount of money: 'abc USD'")
        )
        assert str(caught.value).count("not an amount") == 1
