"""A SQLite file that this process alone writes to: locked, private, durable."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from paywall.errors import SetupError
from paywall.private_files import private_file, private_sqlite

#: for the lock of another process: an operator's own tool
PATIENCE_SECONDS = 10
#: what may stand in the write-ahead log before it is copied into the file: some 2 MB. Writers wait for the copying, and
#: for ten times as much they waited twice as long.
CHECKPOINT_ROWS = 500


class SqliteFile:
    """The file's one writing connection. Errors at opening: SetupError when another process has the file."""

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
            connect_args={
                "check_same_thread": False,
                "timeout": PATIENCE_SECONDS,
                "cached_statements": 256,
            },
        )
        event.listen(self.engine, "connect", _configure)
        event.listen(self.engine, "begin", _begin)
        self.connection: Connection = self.engine.connect()
        driver: Any = self.connection.connection.dbapi_connection
        self.driver: sqlite3.Connection = driver
        _check_durable(self.driver)
        self.connection.rollback()
        self.driver.execute("PRAGMA busy_timeout = 0")
        self._copied_at = self.driver.total_changes

    def is_long(self) -> bool:
        """Whether it is time for a checkpoint."""
        return bool(self.driver.total_changes - self._copied_at >= CHECKPOINT_ROWS)

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the file, for a thread: by itself SQLite does it in whichever commit is next.

        Nothing depends on its success; nobody writes meanwhile, so the log begins anew after it.
        """
        self._copied_at = self.driver.total_changes
        with suppress(sqlite3.Error):
            self.driver.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Within, a lock is waited for; for a thread that may wait."""
        self.driver.execute(f"PRAGMA busy_timeout = {PATIENCE_SECONDS * 1000}")
        try:
            yield
        finally:
            self.driver.execute("PRAGMA busy_timeout = 0")

    def close(self) -> None:
        self.connection.close()
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
        "wal_autocheckpoint = 0",  # see `checkpoint`
        # The savepoints' undo pages; in a temporary file they cost a third of a redemption's system time.
        "temp_store = MEMORY",
        # KiB: the inner pages of the indices of a million redemptions stay in memory. No more: each commit goes through
        # all pages that are kept, and four times as many took a tenth of a redemption's statements.
        "cache_size = -16384",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    if driver.in_transaction:  # left open by a commit or a rollback that failed
        driver.rollback()
    driver.execute("BEGIN IMMEDIATE")  # past SQLAlchemy: it runs for every group


def _check_durable(driver: sqlite3.Connection) -> None:
    # kill -9 cannot tell NORMAL from FULL, a power cut can: so it is read back.
    mode = driver.execute("PRAGMA journal_mode").fetchone()[0]
    level = driver.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, level) != ("wal", 2):
        raise SetupError(
            f"SQLite gives journal_mode={mode}, synchronous={level}; wal and 2 (FULL) are needed."
        )
