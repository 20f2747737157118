"""What PostgreSQL alone can do to a transaction."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Connection, event, func, text
from sqlmodel import select

from paywall.database.engine import Database, Transaction
from paywall.database.opening import open_database, open_engine
from paywall.database.postgres import PostgresWriter
from paywall.database.statements import CompiledStatement
from paywall.errors import StorageUnavailable
from paywall.redemptions.tables import HolderProofRow
from tests.support.world.loop import in_loop
from tests.support.world.rows import names, write_hot, write_orm, writing

TERMINATE = CompiledStatement(lambda _insert: select(func.pg_terminate_backend(func.pg_backend_pid())))


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


@in_loop
async def test_functions_are_undone_and_refused_when_the_server_ends_their_connection(
    database: Database,
) -> None:
    def fall(tx: Transaction) -> None:
        write_hot(tx, "lost")
        tx.run(TERMINATE)

    with pytest.raises(StorageUnavailable):
        await database.transact(fall)
    assert await database.read(names) == set()
    await database.transact(writing(write_hot, "recovered"))
    assert await database.read(names) == {"recovered"}


@in_loop
async def test_functions_that_deadlock_on_postgresql_are_run_again(database: Database) -> None:
    meet = threading.Barrier(2)
    runs: list[str] = []

    def lock(first: str, second: str) -> Callable[[Transaction], None]:
        def function(tx: Transaction) -> None:
            runs.append(first)
            update = text("UPDATE holder_proof SET expires_at = expires_at + 1 WHERE mark = :name")
            tx.connection.execute(update, {"name": first.encode()})
            if len(runs) <= 2:
                meet.wait(10)
            tx.connection.execute(update, {"name": second.encode()})

        return function

    def times(tx: Transaction) -> set[int]:
        return set(tx.session.exec(select(HolderProofRow.expires_at)))

    for name in ("a", "b"):
        await database.transact(writing(write_hot, name))
    (start,) = await database.read(times)
    await asyncio.gather(database.transact(lock("a", "b")), database.transact(lock("b", "a")))
    assert len(runs) >= 3
    assert await database.read(times) == {start + 2}


@in_loop
async def test_a_read_whose_connection_the_server_ended_is_refused_and_the_next_one_works(
    database: Database,
) -> None:
    def fall(tx: Transaction) -> None:
        tx.run(TERMINATE)

    with pytest.raises(StorageUnavailable):
        await database.read(fall)
    assert await database.read(names) == set()


class Stored:
    """A group function that writes the names that it is given."""

    def __init__(self, write: Callable[[Transaction, str], None]) -> None:
        self._write = write

    def one(self, tx: Transaction, item: str) -> str:
        self._write(tx, item)
        return item

    def many(self, tx: Transaction, items: Sequence[str]) -> list[str]:
        return [self.one(tx, item) for item in items]


@pytest.mark.parametrize("write", [write_hot, write_orm])
def test_an_operators_own_limit_on_waiting_for_locks_is_an_outage_and_no_fault(
    postgres_url: str, write: Callable[[Transaction, str], None]
) -> None:
    """Of many that are asked together each runs alone then, and is told the same."""
    impatient = f"{postgres_url}{'&' if '?' in postgres_url else '?'}options=-c%20lock_timeout%3D50"
    database, stored = open_database(impatient), Stored(write)

    async def story() -> None:
        with open_engine(postgres_url) as other, other.begin() as still:
            still.exec_driver_sql("LOCK TABLE holder_proof IN EXCLUSIVE MODE")
            alone = [database.transact(writing(write, "waits"))]
            together = [database.transact_in_group(stored, str(n)) for n in range(3)]
            told = await asyncio.gather(*alone, *together, return_exceptions=True)
        assert {type(one) for one in told} == {StorageUnavailable}
        assert await database.transact_in_group(stored, "goes on") == "goes on"

    try:
        asyncio.run(story())
        assert asyncio.run(database.read(names)) == {"goes on"}
    finally:
        database.close()


#: too many connections, a full disk, an operator's shutdown, a disk's own fault
@pytest.mark.parametrize("state", ["53300", "53100", "57P01", "58030"])
@in_loop
async def test_what_the_server_lacks_is_an_outage_whichever_way_it_was_asked(
    database: Database, state: str
) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"
    hot = CompiledStatement(lambda _insert: text(raising))
    for ask in (lambda tx: tx.connection.exec_driver_sql(raising), lambda tx: tx.run(hot)):
        with pytest.raises(StorageUnavailable):
            await database.transact(ask)


@contextmanager
def unanswered_commits(database: Database) -> Iterator[None]:
    """The server commits, and its connection ends before it says so."""
    writer = database._writer
    assert isinstance(writer, PostgresWriter)

    def commit(connection: Connection) -> None:
        connection.connection.commit()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    event.listen(writer._engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(writer._engine, "commit", commit)


@in_loop
async def test_a_commit_that_was_not_answered_is_neither_repeated_nor_said_to_have_changed_nothing(
    database: Database,
) -> None:
    stored = Stored(write_hot)
    with unanswered_commits(database):
        for asked in (
            [database.transact(writing(write_hot, "alone"))],
            [database.transact_in_group(stored, f"together {n}") for n in range(2)],
        ):
            for error in await asyncio.gather(*asked, return_exceptions=True):
                assert isinstance(error, StorageUnavailable)
                assert "nothing" not in f"{error.title} {error.detail}".lower()
    assert await database.read(names) == {"alone", "together 0", "together 1"}
