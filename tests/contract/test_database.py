"""What `transact` and `read` promise, on SQLite and on PostgreSQL."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from paywall.credits.tables import PostingRow
from paywall.database.engine import Database, Transaction
from paywall.database.opening import open_database
from paywall.database.postgres import POOL
from tests.support.world.loop import in_loop
from tests.support.world.rows import NOW, SELECT, names, write_hot, write_orm, writing


class Whim(Exception):
    """A function's own error."""


@in_loop
async def test_what_a_function_did_is_there_when_it_was_answered(database: Database) -> None:
    assert await database.transact(writing(write_hot, "hot")) == "hot"
    assert await database.transact(writing(write_orm, "orm")) == "orm"
    assert await database.read(names) == {"hot", "orm"}


def raise_at_the_end(tx: Transaction) -> None:
    write_hot(tx, "undone hot")
    write_orm(tx, "undone orm")
    raise Whim


def break_a_key_by_the_orm(tx: Transaction) -> None:
    write_hot(tx, "undone")
    write_orm(tx, "undone")


def break_a_key_at_a_flush_in_the_middle(tx: Transaction) -> None:
    write_orm(tx, "undone")
    tx.session.flush()
    tx.session.expunge_all()
    write_orm(tx, "undone")
    tx.session.flush()


def break_a_foreign_key(tx: Transaction) -> None:
    write_hot(tx, "undone")
    tx.session.add(
        PostingRow(transfer="t", source="s", target="t", account_id="nobody", amount=1, created_at=NOW)
    )


def break_a_key_by_hot_statements(tx: Transaction) -> None:
    write_hot(tx, "undone")
    write_hot(tx, "undone")


DRIVER_ERRORS = (sqlite3.IntegrityError, psycopg.IntegrityError)
FAILURES = {
    "its own error": (raise_at_the_end, Whim),
    "a key broken when the session is sent": (break_a_key_by_the_orm, IntegrityError),
    "a key broken by a flush": (break_a_key_at_a_flush_in_the_middle, IntegrityError),
    "a foreign key broken": (break_a_foreign_key, IntegrityError),
    "a key broken by a hot statement": (break_a_key_by_hot_statements, DRIVER_ERRORS),
}


@pytest.mark.parametrize(("failing", "error"), FAILURES.values(), ids=FAILURES)
@in_loop
async def test_an_error_in_one_function_undoes_that_one_alone(
    database: Database,
    failing: Callable[[Transaction], None],
    error: type[Exception] | tuple[type[Exception], ...],
) -> None:
    before = [database.transact(writing(write_orm, f"before {n}")) for n in range(5)]
    after = [database.transact(writing(write_hot, f"after {n}")) for n in range(5)]
    told = await asyncio.gather(*before, database.transact(failing), *after, return_exceptions=True)
    good = {f"{when} {n}" for when in ("before", "after") for n in range(5)}
    assert {answer for answer in told if isinstance(answer, str)} == good
    (refusal,) = [answer for answer in told if not isinstance(answer, str)]
    assert isinstance(refusal, error)
    assert await database.read(names) == good


def test_hot_statements_and_the_orm_see_each_other_in_one_transaction(database: Database) -> None:
    def both(tx: Transaction) -> set[str]:
        write_orm(tx, "first")
        tx.session.flush()
        assert [bytes(row[0]) for row in tx.run(SELECT)] == [b"first"]
        write_hot(tx, "second")
        return names(tx)

    assert asyncio.run(database.transact(both)) == {"first", "second"}


@pytest.mark.parametrize("write", [write_hot, write_orm])
@in_loop
async def test_a_read_cannot_write(database: Database, write: Callable[[Transaction, str], None]) -> None:
    with pytest.raises(Exception, match=r"(?i)read.?only|could not be read"):
        await database.read(writing(write, "smuggled"))
    assert await database.read(names) == set()


@in_loop
async def test_a_read_sees_one_state_of_the_database_from_beginning_to_end(database: Database) -> None:
    looked, written = threading.Event(), threading.Event()

    def look_twice(tx: Transaction) -> tuple[set[str], set[str]]:
        first = names(tx)
        looked.set()
        assert written.wait(10)
        return first, names(tx)

    reading = asyncio.create_task(database.read(look_twice))
    await asyncio.to_thread(looked.wait, 10)
    await database.transact(writing(write_hot, "meanwhile"))
    written.set()
    assert await reading == (set(), set())
    assert await database.read(names) == {"meanwhile"}


@pytest.mark.parametrize("ahead", [0, POOL], ids=["is running", "has not begun"])
def test_the_function_of_a_caller_that_was_cancelled_is_still_done_whole(
    database_url: str, ahead: int
) -> None:
    running, go_on = threading.Event(), threading.Event()

    def slow(name: str) -> Callable[[Transaction], None]:
        def function(tx: Transaction) -> None:
            write_hot(tx, f"{name}: one half")
            running.set()
            assert go_on.wait(10)
            write_orm(tx, f"{name}: other half")

        return function

    async def story(database: Database) -> None:
        before = [asyncio.create_task(database.transact(slow(str(n)))) for n in range(ahead)]
        caller = asyncio.create_task(database.transact(slow("cancelled")))
        await asyncio.to_thread(running.wait, 10)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        go_on.set()
        await asyncio.gather(*before)

    database = open_database(database_url)
    asyncio.run(story(database))
    database.close()
    again = open_database(database_url)
    done = {f"{name}: {half} half" for name in (*range(ahead), "cancelled") for half in ("one", "other")}
    assert asyncio.run(again.read(names)) == done
    again.close()
