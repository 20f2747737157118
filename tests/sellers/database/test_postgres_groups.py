"""What is asked of PostgreSQL at the same time runs together, and gives what each alone would have given."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from paywall.credits import store as credit_store
from paywall.database.engine import Database, GroupFn, Transaction
from paywall.database.opening import open_engine
from paywall.database.postgres import POOL, PostgresWriter
from paywall.database.settling import FULL_GROUP
from paywall.errors import PaywallError, StorageUnavailable
from paywall.redemptions.capturing import Capture, ToCapture
from paywall.redemptions.request import Reservation
from paywall.redemptions.reserving import Reserve, ToReserve
from paywall.redemptions.store import release
from paywall.sales.store import Insert
from shared.keys import SigningKey
from shared.tokens.dpop import HolderProof
from tests.support.services.postgres import Postgres
from tests.support.world.accounts import Rows, open_accounts, rows
from tests.support.world.loop import in_loop
from tests.support.world.redemptions import PROCESS, delivered, wanted
from tests.support.world.sales import stored_request

NOW, END = 1_700_000_000, 1_700_001_000
KEY = SigningKey.from_seed(b"k" * 32).public
ACCOUNTS = ("urn:uuid:a", "urn:uuid:b")
CREDITS, ENOUGH = 4, 100
TABLES = ("credit_account", "posting", "redemption", "holder_proof", "burn", "payment_request")


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The items that did not go with their group."""
    writer = database._writer
    assert isinstance(writer, PostgresWriter)
    found: list[object] = []
    one = writer._groups._one

    def noted(fn: GroupFn[Any, Any], item: object) -> asyncio.Future[object]:
        found.append(item)
        return one(fn, item)

    monkeypatch.setattr(writer._groups, "_one", noted)
    return found


@pytest.fixture
def groups(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many each group had."""
    writer = database._writer
    assert isinstance(writer, PostgresWriter)
    found: list[int] = []
    many = writer._groups._many

    def noted(fn: GroupFn[Any, Any], items: Sequence[Any]) -> list[Any] | None:
        found.append(len(items))
        return many(fn, items)

    monkeypatch.setattr(writer._groups, "_many", noted)
    return found


async def opened(database: Database, credits: int = CREDITS) -> None:
    await database.transact(lambda tx: open_accounts(tx, ACCOUNTS, credits, now=NOW, expires_at=END))


def reserving(number: int, account: str = ACCOUNTS[0], **changes: Any) -> ToReserve:
    proof = HolderProof(f"jti {number}", KEY.thumbprint, KEY, NOW)
    given = {"holder_proof": proof, **changes}
    return ToReserve(wanted(f"use {number:04}", account, **given), NOW, NOW + 100, full=False)


def capturing(number: int, reservation: Reservation) -> ToCapture:
    salt = number.to_bytes(16, "big")
    return ToCapture(reservation, delivered(f"{number:032x}"), None, salt, NOW + 1)


async def found_in(database: Database) -> Rows:
    return await database.read(lambda tx: rows(tx, TABLES))


@in_loop
async def test_what_comes_at_once_goes_together(
    database: Database, alone: list[object], groups: list[int]
) -> None:
    await opened(database)
    reserve, capture = Reserve(PROCESS), Capture()
    asked = [reserving(n, ACCOUNTS[n % 2]) for n in range(2 * CREDITS)]
    taken = await asyncio.gather(*(database.transact_in_group(reserve, one) for one in asked))
    assert all(isinstance(one, Reservation) for one in taken)
    assert [one.credits_remaining for one in taken if isinstance(one, Reservation)] == [
        3,
        3,
        2,
        2,
        1,
        1,
        0,
        0,
    ]
    held = [one for one in taken if isinstance(one, Reservation)]
    ended = await asyncio.gather(
        *(database.transact_in_group(capture, capturing(n, one)) for n, one in enumerate(held))
    )
    assert ended == [True] * len(held)
    assert (groups, alone) == ([len(asked), len(held)], [])
    found = await found_in(database)
    assert {table: count.total() for table, count in found.items()} == {
        "credit_account": 2,
        "posting": 2 + 16,
        "redemption": 8,
        "holder_proof": 8,
        "burn": 8,
        "payment_request": 0,
    }


@in_loop
async def test_sales_that_come_at_once_are_stored_together(
    database: Database, alone: list[object], groups: list[int]
) -> None:
    sold = [
        stored_request(f"request {n}", "t", expires_at=END, holder=KEY.did if n % 2 else None)
        for n in range(200)
    ]
    insert = Insert()
    await asyncio.gather(*(database.transact_in_group(insert, one) for one in sold))
    assert (groups, alone) == ([FULL_GROUP, FULL_GROUP, FULL_GROUP, 200 - 3 * FULL_GROUP], [])
    assert (await found_in(database))["payment_request"].total() == 200


@in_loop
async def test_a_capture_that_comes_too_late_takes_nothing_from_a_use_that_is_still_reserved(
    database: Database,
) -> None:
    """The account has enough reserved for it: by another use, which is not in the group."""
    await opened(database)
    reserve, capture = Reserve(PROCESS), Capture()
    taken = [await database.transact_in_group(reserve, reserving(n)) for n in range(3)]
    late, timely, reserved = (one for one in taken if isinstance(one, Reservation))
    assert await database.transact(lambda tx: release(tx, late.id, late.attempt, NOW + 1))
    ended = await asyncio.gather(
        *(database.transact_in_group(capture, capturing(n, one)) for n, one in enumerate((late, timely)))
    )
    assert ended == [False, True]
    balance = await database.read(lambda tx: credit_store.balance(tx, ACCOUNTS[0]))
    assert balance is not None
    assert (balance.available, balance.reserved, balance.captured) == (CREDITS - 2, reserved.quantity, 1)
    assert (await found_in(database))["burn"].total() == 1


#: what makes a use other than plain
ODD: dict[str, Callable[[int], ToReserve]] = {
    "plain": reserving,
    "another account": lambda n: reserving(n, ACCOUNTS[1]),
    "an unknown account": lambda n: reserving(n, "urn:uuid:nobody"),
    "another product": lambda n: reserving(n, product="song-credit"),
    "too many": lambda n: reserving(n, quantity=ENOUGH + 1),
    "two": lambda n: reserving(n, quantity=2),
    "a key that is used again": lambda n: reserving(n, key="the key"),
    "a proof that is used again": lambda n: reserving(
        n, holder_proof=HolderProof("j", KEY.thumbprint, KEY, NOW)
    ),
    "no proof": lambda n: reserving(n, holder_proof=None),
    "nothing to burn": lambda n: reserving(n, owes_burn=False),
    "a full backlog": lambda n: ToReserve(reserving(n).request, NOW, NOW + 100, full=True),
    "too late": lambda n: ToReserve(reserving(n).request, END, END + 100, full=False),
}


def told(answer: object) -> str:
    match answer:
        case Reservation():
            return f"reserved {answer.id} {answer.credits_remaining}"
        case PaywallError():
            return answer.code
        case BaseException():
            raise answer
    return f"row {getattr(answer, 'id', answer)}"


class Apart:
    """Runs the function of each item by itself, one after the other: the slow twin."""

    def __init__(self, fn: GroupFn[Any, Any]) -> None:
        self._fn = fn

    async def __call__(self, database: Database, items: Sequence[Any]) -> list[object]:
        return [await self._try(database, item) for item in items]

    async def _try(self, database: Database, item: Any) -> object:
        try:
            return await database.transact(lambda tx: self._fn.one(tx, item))
        except PaywallError as error:
            return error


async def played(
    database: Database,
    names: Sequence[str],
    run: Callable[[GroupFn[Any, Any], Sequence[Any]], Awaitable[list[object]]],
) -> tuple[list[str], list[str], Rows]:
    await opened(database, ENOUGH)
    reserve, capture = Reserve(PROCESS), Capture()
    taken = await run(reserve, [ODD[name](n) for n, name in enumerate(names)])
    held = [one for one in taken if isinstance(one, Reservation)]
    # Each twice: the second finds nothing to capture.
    ended = await run(capture, [capturing(n % len(held), held[n % len(held)]) for n in range(2 * len(held))])
    return [told(one) for one in taken], [str(one) for one in ended], await found_in(database)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(ODD)), min_size=1, max_size=6))
def test_together_or_apart_the_same_rows_and_answers(postgres: Postgres, names: list[str]) -> None:
    """There are credits for all: what runs alone runs in any order, and the last ones decide what is burned."""
    from paywall.database.opening import open_database

    one, other = (open_database(postgres.create()) for _ in range(2))

    async def together(fn: GroupFn[Any, Any], items: Sequence[Any]) -> list[object]:
        asked = (one.transact_in_group(fn, item) for item in items)
        return list(await asyncio.gather(*asked, return_exceptions=True))

    async def apart(fn: GroupFn[Any, Any], items: Sequence[Any]) -> list[object]:
        return await Apart(fn)(other, items)

    try:
        asked, ended, found = asyncio.run(played(one, names, together))
        wanted_, ended_there, found_there = asyncio.run(played(other, names, apart))
    finally:
        one.close()
        other.close()
    assert Counter(map(_who, asked)) == Counter(map(_who, wanted_))
    assert Counter(ended) == Counter(ended_there)
    assert {table: count.total() for table, count in found.items()} == {
        table: count.total() for table, count in found_there.items()
    }
    assert found["credit_account"] == found_there["credit_account"]


def _who(answer: str) -> str:
    return answer.split(" ", maxsplit=1)[0]


@in_loop
async def test_who_stands_still_with_an_account_holds_up_nobody_elses_use(
    database: Database, database_url: str
) -> None:
    await opened(database)
    reserve = Reserve(PROCESS)
    still = open_engine(database_url)
    with still as engine, engine.begin() as connection:
        connection.execute(
            text("UPDATE credit_account SET product = product WHERE id = :id"), {"id": ACCOUNTS[0]}
        )
        waits = asyncio.create_task(database.transact_in_group(reserve, reserving(1)))
        await asyncio.sleep(0)  # it is in the group
        async with asyncio.timeout(20):
            taken = await database.transact_in_group(reserve, reserving(2, ACCOUNTS[1]))
        assert isinstance(taken, Reservation)
        assert not waits.done()
    assert isinstance(await waits, Reservation)


@in_loop
async def test_however_many_wait_for_one_who_stands_still_others_have_their_turn(
    database: Database, database_url: str
) -> None:
    await opened(database)
    reserve: Any = Reserve(PROCESS)
    with open_engine(database_url) as engine, engine.begin() as connection:
        lock = "SELECT 1 FROM credit_account WHERE id = :id FOR UPDATE"
        connection.execute(text(lock), {"id": ACCOUNTS[0]})
        crowd = [
            asyncio.create_task(database.transact_in_group(reserve, reserving(n))) for n in range(3 * POOL)
        ]
        await asyncio.sleep(0)  # they are in the groups
        other = reserving(3 * POOL, ACCOUNTS[1])
        async with asyncio.timeout(60):
            taken: object = await database.transact_in_group(reserve, other)
        assert isinstance(taken, Reservation)
        told = await asyncio.gather(*crowd, return_exceptions=True)
    assert {type(one) for one in told} == {StorageUnavailable}


@in_loop
async def test_a_group_whose_connection_ends_is_refused_and_the_next_one_works(database: Database) -> None:
    class Falls:
        def one(self, tx: Transaction, item: int) -> int:
            return item

        def many(self, tx: Transaction, items: Sequence[int]) -> list[int]:
            if 0 in items:
                tx.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
            return list(items)

    falls = Falls()
    told = await asyncio.gather(
        *(database.transact_in_group(falls, n) for n in range(3)), return_exceptions=True
    )
    assert {type(one) for one in told} == {StorageUnavailable}
    assert await asyncio.gather(*(database.transact_in_group(falls, n) for n in (1, 2))) == [1, 2]
