"""Opens the database that a URL names."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from paywall.database.engine import Database, GroupFn, Item, Provisional, Result, TransactFn
from paywall.database.liveness import SessionLocks, SingleWriter
from paywall.database.postgres import POOL, PostgresWriter, postgres_engine, session_engine
from paywall.database.schema import ensure_schema
from paywall.database.sqlite_readers import sqlite_readers
from paywall.database.sqlite_writer import SqliteWriter
from paywall.errors import SetupError
from paywall.private_files import private_folder

T = TypeVar("T")
SQLITE = "sqlite:///"
READERS = 4


def open_database(url: str, *, writing: bool = True) -> Database:
    """Open `sqlite:///PATH` or `postgresql://…`, bring SQLite's schema up to date, check PostgreSQL's.

    Errors: SetupError when another process writes to the SQLite file, the schema is behind on PostgreSQL or
    when only looking, the schema is ahead, the database cannot be reached, or an extra is missing.
    """
    if not url.startswith(SQLITE):
        engine = _postgres(url)
        with _closing_on_error(engine.dispose):
            ensure_schema(engine, migrate=False)
        locks = SessionLocks(session_engine(url))
        return Database(
            PostgresWriter(engine), postgres_engine(url, read_only=True), threads=POOL, liveness=locks
        )
    path = _path(url)
    if writing:
        writer = _sqlite_writer(path)
        with _closing_on_error(writer.close), writer.patient():
            ensure_schema(writer.engine, migrate=True)
        return Database(writer, sqlite_readers(path), threads=READERS, liveness=SingleWriter())
    if not path.exists():
        raise SetupError(f"There is no database at {path} yet; `paywall serve` makes it.")
    readers = sqlite_readers(path)
    with _closing_on_error(readers.dispose):
        ensure_schema(readers, migrate=False)
    return Database(_Closed(), readers, threads=READERS, liveness=SingleWriter())


@contextmanager
def open_engine(url: str) -> Iterator[Engine]:
    """The bare engine, for `paywall migrate`. Errors: SetupError."""
    if url.startswith(SQLITE):
        writer = _sqlite_writer(_path(url))
        try:
            with writer.patient():
                yield writer.engine
        finally:
            writer.close()
        return
    engine = _postgres(url)
    with _closing_on_error(engine.dispose):
        engine.connect().close()
    try:
        yield engine
    finally:
        engine.dispose()


def _path(url: str) -> Path:
    return Path(url.removeprefix(SQLITE))


def _sqlite_writer(path: Path) -> SqliteWriter:
    private_folder(path.parent)
    return SqliteWriter(path)


def _postgres(url: str) -> Engine:
    if not url.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        raise SetupError("DATABASE_URL must begin with sqlite:/// or postgresql://.")
    return postgres_engine(url, read_only=False)


@contextmanager
def _closing_on_error(close: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        close()
        reason = getattr(error, "orig", error)
        raise SetupError(f"The database cannot be opened: {str(reason).strip()}") from error
    except BaseException:
        close()
        raise


class _Closed:
    """The writer of a database that was opened for looking."""

    async def transact_in_group(self, _fn: GroupFn[Item, Result], _item: Item) -> Result:
        raise SetupError("This command only looks; it cannot write.")

    async def provisionally(self, _fn: GroupFn[Item, Result], _item: Item) -> Provisional[Result]:
        raise SetupError("This command only looks; it cannot write.")

    async def transact(self, _fn: TransactFn[T]) -> T:
        raise SetupError("This command only looks; it cannot write.")

    def close(self) -> None:
        return
