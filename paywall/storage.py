"""Opens the database that a URL names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine

from paywall.database import Database, TransactFn
from paywall.errors import SetupError
from paywall.postgres import POOL, PostgresWriter, postgres_engine
from paywall.schema import ensure_schema
from paywall.sqlite_readers import sqlite_readers
from paywall.sqlite_writer import SqliteWriter

T = TypeVar("T")
SQLITE = "sqlite:///"
READERS = 4


def open_database(url: str, *, writing: bool = True) -> Database:
    """Open `sqlite:///PATH` or `postgresql://…`, bring SQLite's schema up to date, check PostgreSQL's.

    Errors: SetupError when another process writes to the SQLite file, the schema is behind on PostgreSQL,
    or an extra is missing.
    """
    if url.startswith(SQLITE):
        path = Path(url.removeprefix(SQLITE))
        if not writing:
            if not path.exists():
                raise SetupError(f"There is no database at {path} yet; `paywall serve` makes it.")
            return Database(_Closed(), sqlite_readers(path), threads=READERS)
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = SqliteWriter(path)
        ensure_schema(writer.engine, migrate=True)
        return Database(writer, sqlite_readers(path), threads=READERS)
    if not url.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        raise SetupError("DATABASE_URL must begin with sqlite:/// or postgresql://.")
    engine = postgres_engine(url, read_only=False)
    ensure_schema(engine, migrate=False)
    return Database(PostgresWriter(engine), postgres_engine(url, read_only=True), threads=POOL)


@contextmanager
def open_engine(url: str) -> Iterator[Engine]:
    """The bare engine, for `paywall migrate`. Errors: SetupError."""
    if url.startswith(SQLITE):
        path = Path(url.removeprefix(SQLITE))
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = SqliteWriter(path)
        try:
            yield writer.engine
        finally:
            writer.close()
        return
    engine = postgres_engine(url, read_only=False)
    try:
        yield engine
    finally:
        engine.dispose()


class _Closed:
    """The writer of a database that was opened for looking."""

    async def transact(self, _fn: TransactFn[T]) -> T:
        raise SetupError("This command only looks; it cannot write.")

    def close(self) -> None:
        return
