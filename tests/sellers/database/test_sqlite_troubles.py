"""What SQLite does when memory or the disk gives out: nobody is told that something is there which is not."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from paywall.database.engine import Database, Transaction
from paywall.database.opening import open_database
from paywall.database.sqlite_writer import SqliteWriter
from paywall.errors import StorageUnavailable
from tests.support.world.loop import in_loop
from tests.support.world.rows import names, quickly, write_hot, writing


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'paywall.db'}"


Asking = Callable[[Database, Callable[[Transaction], str]], Awaitable[str]]


def undone_by_sqlite(tx: Transaction) -> None:
    """As SQLite does by itself when it runs out of memory."""
    driver: Any = tx.connection.connection.dbapi_connection
    driver.rollback()


def starved(tx: Transaction) -> str:
    undone_by_sqlite(tx)
    raise MemoryError


def starved_unawares(tx: Transaction) -> str:
    undone_by_sqlite(tx)
    return "unaware"


@pytest.mark.parametrize("trouble", [starved, starved_unawares])
@in_loop
async def test_when_sqlite_undoes_a_group_by_itself_nobody_of_it_is_told_done(
    database: Database, trouble: Callable[[Transaction], str]
) -> None:
    members = [writing(write_hot, "a"), writing(write_hot, "b"), trouble, writing(write_hot, "c")]
    asked = (quickly(database, member) for member in members)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {one for one in answers if isinstance(one, str)} <= await database.read(names)
    assert await quickly(database, writing(write_hot, "later")) == "later"
    assert "later" in await database.read(names)


@pytest.mark.parametrize("ask", [quickly, Database.transact])
@pytest.mark.parametrize("moment", ["begin", "commit", "rollback"])
@pytest.mark.parametrize(
    "trouble", [sqlite3.DatabaseError("malformed"), MemoryError()], ids=["file", "memory"]
)
@in_loop
async def test_a_failing_begin_commit_or_rollback_is_told_and_the_next_group_works(
    database: Database, ask: Asking, moment: str, trouble: Exception
) -> None:
    writer = database._writer
    assert isinstance(writer, SqliteWriter)
    left = [trouble]

    def fail(_connection: object) -> None:
        if left:
            raise left.pop()

    event.listen(writer.engine, moment, fail)
    second = starved if moment == "rollback" else writing(write_hot, "b")
    asked = (ask(database, one) for one in (writing(write_hot, "a"), second))
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {one for one in answers if isinstance(one, str)} <= await database.read(names)
        assert await ask(database, writing(write_hot, "later")) == "later"
    assert "later" in await database.read(names)


@in_loop
async def test_a_commit_that_fails_is_no_fault_of_the_function(database: Database) -> None:
    writer = database._writer
    assert isinstance(writer, SqliteWriter)

    def fail(_connection: object) -> None:
        raise sqlite3.DatabaseError("malformed")

    event.listen(writer.engine, "commit", fail)
    with pytest.raises(StorageUnavailable):
        await quickly(database, writing(write_hot, "a"))
    event.remove(writer.engine, "commit", fail)
    assert await database.read(names) == set()


def test_a_lock_of_another_program_is_waited_for_at_the_start(database_url: str) -> None:
    open_database(database_url).close()
    path = database_url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.rollback)
    release.start()
    open_database(database_url).close()
    release.join()
    other.close()
