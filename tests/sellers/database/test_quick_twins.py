"""A quick use has three ways through the database, which give the same answers and leave the same rows.

The slow one, step by step and each in a transaction of its own, is the measure of the two others: captured as it is
inserted, and together with all that come at the same time (on SQLite undone and run anew where one of them fails).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paywall.database.engine import Database, Transaction
from paywall.database.opening import open_database
from paywall.errors import PaywallError
from paywall.redemptions.at_once import Done, QuickUse, Undelivered, UseAtOnce
from paywall.redemptions.reserving import RefusedUse, ToReserve
from paywall.redemptions.resource import Resource
from shared.keys import SigningKey
from shared.tokens.dpop import HolderProof
from tests.support.services.postgres import Postgres
from tests.support.world.accounts import Rows, open_accounts, rows
from tests.support.world.echo import Echo
from tests.support.world.loop import in_loop
from tests.support.world.redemptions import PROCESS, PRODUCT, wanted

NOW, END = 1_700_000_000, 1_700_001_000
KEY = SigningKey.from_seed(b"k" * 32).public
ACCOUNTS = ("urn:uuid:a", "urn:uuid:b")
#: few, so that some come too late for them; and enough, where the order is not to matter
FEW, ENOUGH = 4, 100
#: what the slow way leaves there is a reservation more
POSTINGS = "posting"
TABLES = ("credit_account", "redemption", "holder_proof", "burn", POSTINGS)


RESOURCE = Resource("echo", PRODUCT, "/api/echo", Echo())


def use(
    number: int,
    account: str = ACCOUNTS[0],
    *,
    full: bool = False,
    now: int = NOW,
    prompt: str = "a cat",
    **changes: Any,
) -> QuickUse:
    proof = HolderProof(f"jti {number}", KEY.thumbprint, KEY, NOW)
    document = f'{{"prompt":"{prompt}"}}'
    asked = wanted(f"use {number:04}", account, **{"holder_proof": proof, "document": document, **changes})
    salt = number.to_bytes(16, "big")
    return QuickUse(ToReserve(asked, now, now + 100, full), RESOURCE, "u" * 64, f"{number:032x}", salt)


#: what makes a use other than plain
ODD: dict[str, Callable[[int], QuickUse]] = {
    "plain": use,
    "another account": lambda n: use(n, ACCOUNTS[1]),
    "an unknown account": lambda n: use(n, "urn:uuid:nobody"),
    "another product": lambda n: use(n, product="song-credit"),
    "too many": lambda n: use(n, quantity=ENOUGH + 1),
    "two": lambda n: use(n, quantity=2),
    "a key that is used again": lambda n: use(n, key="the key"),
    "that key in other words": lambda n: use(n, key="the key", request_hash="cd" * 32),
    "a key that fails at first": lambda n: use(n, key="a key", prompt="a dog" if n % 2 else "fails"),
    "a proof that is used again": lambda n: use(n, holder_proof=HolderProof("j", KEY.thumbprint, KEY, NOW)),
    "no proof": lambda n: use(n, holder_proof=None),
    "nothing to burn": lambda n: use(n, owes_burn=False),
    "a full backlog": lambda n: use(n, full=True),
    "too late": lambda n: use(n, now=END),
    "fails": lambda n: use(n, prompt="fails"),
    "refused": lambda n: use(n, prompt="refused"),
}
#: of these, what comes first decides what the others are told
IN_ORDER = {"that key in other words", "a key that fails at first"}
Way = Callable[[Database, UseAtOnce, Sequence[QuickUse]], Awaitable[list[object]]]


async def apart(
    database: Database, run: Callable[[Transaction, QuickUse], object], uses: Sequence[QuickUse]
) -> list[object]:
    told: list[object] = []
    for item in uses:
        try:
            told.append(await database.transact(lambda tx, item=item: run(tx, item)))  # type: ignore[misc]
        except PaywallError as error:
            told.append(error)
    return told


async def slowly(database: Database, fn: UseAtOnce, uses: Sequence[QuickUse]) -> list[object]:
    return await apart(database, fn._step_by_step, uses)


async def each(database: Database, fn: UseAtOnce, uses: Sequence[QuickUse]) -> list[object]:
    return await apart(database, fn.one, uses)


async def together(database: Database, fn: UseAtOnce, uses: Sequence[QuickUse]) -> list[object]:
    return list(
        await asyncio.gather(*(database.transact_in_group(fn, item) for item in uses), return_exceptions=True)
    )


def told(answer: object) -> str:
    match answer:
        case Done():
            return f"done {answer.reservation.id} {answer.reservation.credits_remaining} {answer.body!r}"
        case Undelivered():
            return f"undelivered {answer.redemption_id} {type(answer.error).__name__}"
        case RefusedUse():
            return answer.error.code
        case PaywallError():
            return answer.code
        case BaseException():
            raise answer
    return f"row {getattr(answer, 'id', None)} {getattr(answer, 'state', None)}"


async def played(database: Database, way: Way, names: Sequence[str], credits: int) -> tuple[list[str], Rows]:
    await database.transact(lambda tx: open_accounts(tx, ACCOUNTS, credits, now=NOW, expires_at=END))
    answers = await way(database, UseAtOnce(PROCESS), [ODD[name](n) for n, name in enumerate(names)])
    return [told(one) for one in answers], await database.read(lambda tx: rows(tx, TABLES))


def play(url: str, way: Way, names: Sequence[str], credits: int) -> tuple[list[str], Rows]:
    database = open_database(url)
    try:
        return asyncio.run(played(database, way, names, credits))
    finally:
        database.close()


def without_postings(rows: Rows) -> Rows:
    return {table: found for table, found in rows.items() if table != POSTINGS}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(ODD)), min_size=1, max_size=8))
def test_on_sqlite_all_three_ways_are_one(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    def by(way: Way) -> tuple[list[str], Rows]:
        folder: Path = tmp_path_factory.mktemp("twin")
        return play(f"sqlite:///{folder / 'paywall.db'}", way, names, FEW)

    answers, rows = by(slowly)
    quick_answers, quick_rows = by(each)
    assert quick_answers == answers
    assert without_postings(quick_rows) == without_postings(rows)
    assert by(together) == (quick_answers, quick_rows)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(ODD.keys() - IN_ORDER)), min_size=1, max_size=8))
def test_on_postgresql_all_three_ways_are_one(postgres: Postgres, names: list[str]) -> None:
    """What falls out of its group there runs in any order."""
    answers, rows = play(postgres.create(), slowly, names, ENOUGH)
    quick_answers, quick_rows = play(postgres.create(), each, names, ENOUGH)
    assert quick_answers == answers
    assert without_postings(quick_rows) == without_postings(rows)
    group_answers, group_rows = play(postgres.create(), together, names, ENOUGH)
    assert Counter(map(_kind, group_answers)) == Counter(map(_kind, answers))
    assert group_rows["credit_account"] == quick_rows["credit_account"]
    assert {name: found.total() for name, found in group_rows.items()} == {
        name: found.total() for name, found in quick_rows.items()
    }


def _kind(answer: str) -> str:
    return answer.split(" ", maxsplit=1)[0]


@in_loop
async def test_who_is_refused_undoes_nobody_elses_use_and_has_used_up_the_proof(tmp_path: Path) -> None:
    """A group that is undone runs anew, each function in a savepoint: whoever is refused could ask for that."""
    database = open_database(f"sqlite:///{tmp_path / 'paywall.db'}")
    try:
        await database.transact(lambda tx: open_accounts(tx, ACCOUNTS, FEW, now=NOW, expires_at=END))
        statements: list[str] = []
        await database.transact(lambda tx: _trace(tx, statements))
        statements.clear()
        names = [
            "plain",
            "too many",
            "a key that is used again",
            "that key in other words",
            "an unknown account",
        ]
        uses = [ODD[name](n) for n, name in enumerate([*names, "a full backlog", "plain"])]
        answers = await together(database, UseAtOnce(PROCESS), uses)
        found = await database.read(lambda tx: rows(tx, TABLES))
    finally:
        database.close()
    assert [_kind(told(one)) for one in answers] == [
        *("done", "credits_exhausted", "done", "idempotency_key_reused", "receipt_invalid"),
        *("burn_backlog_full", "done"),
    ]
    assert found["holder_proof"].total() == len(uses)
    assert found["redemption"].total() == found["burn"].total() == 3
    assert statements.count("COMMIT") == 1
    assert "SAVEPOINT one" not in statements


def _trace(tx: Transaction, statements: list[str]) -> None:
    driver: Any = tx.connection.connection.dbapi_connection
    driver.set_trace_callback(statements.append)
