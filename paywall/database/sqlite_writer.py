"""SQLite with one writing connection that commits in groups.

`transact` collects functions on the event loop; when no batch is in flight the next loop turn hands the
whole list to one worker thread, which runs each in its own SAVEPOINT and commits once; what arrives
meanwhile is the next batch. (A thread that takes from a queue commits groups of one: it is woken for every
item and fights the loop for the interpreter lock.) Full durability at a fraction of the fsyncs.
"""

import asyncio
import fcntl
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from paywall.database.engine import TransactFn, run_one
from paywall.errors import SetupError, StorageUnavailable
from paywall.private_files import private_file, private_sqlite

T = TypeVar("T")
#: what SQLite raises when the storage, not the statement, is at fault
STORAGE_ERRORS = (sqlite3.OperationalError, OperationalError)
Job = tuple[TransactFn[Any], asyncio.Future[Any]]
JobOutcome = tuple[bool, Any]


class SqliteWriter:
    """The only writer of one file. Errors at opening: SetupError when another process has the file."""

    def __init__(self, path: Path) -> None:
        path = path.resolve()  # one lock a file, by whatever name it is called
        self._lock = _lock(path)
        try:
            private_sqlite(path)
        except PermissionError as error:
            os.close(self._lock)
            raise SetupError(f"{path} may be read by others; run: chmod 600 '{path}'") from error
        self.engine = create_engine(
            URL.create("sqlite", database=str(path)),  # not a text, in which ? and # mean something
            poolclass=StaticPool,
            hide_parameters=True,  # an error that quotes its row would put receipts into the log
            connect_args={"check_same_thread": False, "timeout": 10, "cached_statements": 256},
        )
        event.listen(self.engine, "connect", _configure)
        event.listen(self.engine, "begin", _begin)
        self._connection: Connection = self.engine.connect()
        self._cursor = self._connection.connection.cursor()
        _check_durable(self._cursor)
        self._connection.rollback()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="db-write")
        self._waiting: list[Job] = []
        self._in_flight = False

    async def transact(self, fn: TransactFn[T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((fn, future))
        if not self._in_flight:
            self._in_flight = True
            loop.call_soon(self._hand_over, loop)
        return await future

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            self._in_flight = False
            return
        done = loop.run_in_executor(self._thread, self._run, [fn for fn, _ in batch])
        done.add_done_callback(lambda outcomes: self._answer(loop, batch, outcomes))

    def _answer(
        self, loop: asyncio.AbstractEventLoop, batch: list[Job], done: asyncio.Future[list[JobOutcome]]
    ) -> None:
        if (failure := done.exception()) is not None:
            outcomes: list[JobOutcome] = [(False, failure)] * len(batch)
        else:
            outcomes = done.result()
        for (_, future), (ok, value) in zip(batch, outcomes, strict=True):
            if future.cancelled():
                continue  # the client went away; what was committed stays, and is found by its key
            if ok:
                future.set_result(value)
            else:
                future.set_exception(value)
        self._hand_over(loop)

    def _run(self, functions: list[TransactFn[Any]]) -> list[JobOutcome]:
        try:
            with self._connection.begin():
                return [self._run_in_savepoint(fn) for fn in functions]
        except STORAGE_ERRORS as error:
            # A full disk or an I/O error may have undone the whole group: nothing of it is acknowledged.
            refusal = StorageUnavailable()
            refusal.__cause__ = error
            return [(False, refusal)] * len(functions)

    def _run_in_savepoint(self, fn: TransactFn[Any]) -> JobOutcome:
        self._cursor.execute("SAVEPOINT one")
        try:
            outcome: JobOutcome = (True, run_one(self._connection, self._cursor, fn))
        except STORAGE_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001  handed to the one who asked; the others go on
            self._cursor.execute("ROLLBACK TO one")
            outcome = (False, error)
        self._cursor.execute("RELEASE one")
        return outcome

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._connection.close()
        self.engine.dispose()
        os.close(self._lock)


def _lock(path: Path) -> int:
    """One writing process a file; the lock goes with the process, however it dies."""
    beside = path.with_name(path.name + ".lock")
    private_file(beside)
    handle = os.open(beside, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise SetupError(
            f"Another process writes to {path}. SQLite serves one process; "
            "for several, set DATABASE_URL to a PostgreSQL database."
        ) from error
    return handle


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are ours alone
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "wal_autocheckpoint = 4000",
        # The savepoints' undo pages; in a temporary file they cost a third of a redemption's system time.
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.connection.cursor().execute("BEGIN IMMEDIATE")  # past SQLAlchemy: it runs for every group


def _check_durable(cursor: Any) -> None:
    # kill -9 cannot tell NORMAL from FULL, a power cut can: so it is read back.
    mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
    level = cursor.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, level) != ("wal", 2):
        raise SetupError(
            f"SQLite gives journal_mode={mode}, synchronous={level}; wal and 2 (FULL) are needed."
        )
