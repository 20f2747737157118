"""What a crash left reserved is released again, on both databases; one account at fault holds up no other."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text

from paywall.credits import postings
from paywall.credits import store as credit_store
from paywall.database.engine import Database, Transaction
from paywall.redemptions import store
from paywall.redemptions.recovery.sweeping import Sweeping
from tests.support.world.loop import in_loop
from tests.support.world.redemptions import BEARER, PROCESS, PRODUCT, wanted

NOW, DEADLINE = 1_000, 1_100
ACCOUNTS = ("first", "second", "third")
STATES = "SELECT account_id, state FROM redemption"
#: an account whose buckets add up, but not with its redemptions: nothing is reserved that could be released
SPOIL = "UPDATE credit_account SET reserved = 0, captured = 1 WHERE id = '{}'"
MEND = "UPDATE credit_account SET reserved = 1, captured = 0 WHERE id = '{}'"


def left_reserved(tx: Transaction, accounts: Sequence[str] = ACCOUNTS) -> None:
    """Accounts of one credit each, which a crash left reserved."""
    for account in accounts:
        credit_store.open_account(
            tx,
            account_id=account,
            owner=BEARER,
            product=PRODUCT,
            opening=postings.grant(f"payment of {account}", 1),
            expires_at=NOW * 2,
            now=NOW,
        )
        store.reserve(tx, wanted(f"use of {account}", account), NOW, DEADLINE, liveness=PROCESS)


def sql(statement: str) -> Callable[[Transaction], None]:
    def function(tx: Transaction) -> None:
        tx.connection.execute(text(statement))

    return function


def states(tx: Transaction) -> dict[str, tuple[str, int]]:
    """Account → the state of its redemption, and the credits that are available."""
    found = {str(account): str(state) for account, state in tx.connection.execute(text(STATES))}
    balances = {account: credit_store.balance(tx, account) for account in ACCOUNTS}
    return {account: (found[account], one.available) for account, one in balances.items() if one is not None}


def late(database: Database) -> Sweeping:
    """A second after the deadline of all that is reserved."""
    return Sweeping(database=database, clock=lambda: DEADLINE + 1)


@in_loop
async def test_more_accounts_at_fault_than_one_look_finds_hold_up_no_release(database: Database) -> None:
    accounts = [f"{number:03}" for number in range(102)]
    await database.transact(lambda tx: left_reserved(tx, accounts))
    for bad in accounts[:-1]:
        await database.transact(sql(SPOIL.format(bad)))
    assert await late(database).sweep() == 1
    assert await database.read(lambda tx: credit_store.balance(tx, accounts[-1]).available) == 1  # type: ignore[union-attr]


@in_loop
async def test_a_release_that_is_posted_already_holds_up_the_release_of_no_other(database: Database) -> None:
    await database.transact(left_reserved)
    posted = postings.release(f"use of {ACCOUNTS[0]}", 1, 1)
    await database.transact(lambda tx: credit_store.post(tx, ACCOUNTS[0], posted, NOW))
    assert await late(database).sweep() == 2
    assert [one for _, (one, _) in sorted((await database.read(states)).items())] == [
        *("reserved" if account == ACCOUNTS[0] else "released" for account in sorted(ACCOUNTS))
    ]


@pytest.mark.parametrize("spoilt", ACCOUNTS)
@in_loop
async def test_an_account_that_does_not_add_up_holds_up_the_release_of_no_other(
    database: Database, spoilt: str
) -> None:
    sweeping = late(database)
    await database.transact(left_reserved)
    await database.transact(sql(SPOIL.format(spoilt)))
    whole = dict.fromkeys(ACCOUNTS, ("released", 1))
    for released in (2, 0):
        assert await sweeping.sweep() == released
        assert await database.read(states) == {**whole, spoilt: ("reserved", 0)}
    await database.transact(sql(MEND.format(spoilt)))
    assert await sweeping.sweep() == 1
    assert await database.read(states) == whole
