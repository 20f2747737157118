"""The one way to the database: `await database.transact(fn)` and `await database.read(fn)`.

`fn` is a plain synchronous function of a `Transaction`; nobody can await the network inside one. It
returns a value or raises, and raising undoes all it did. The same functions run on SQLite (group commit by
one writer, `sqlite_writer.py`) and on PostgreSQL (a bounded pool of threads, below).
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from paywall.errors import SetupError, StorageUnavailable
from paywall.statements import Hot

T = TypeVar("T")
PG_POOL = 16
PG_TRIES = 5
#: serialization_failure, deadlock_detected
PG_RETRY = frozenset({"40001", "40P01"})


class Transaction:
    """What a transact or read function works with.

    `run` executes a hot statement on the driver's cursor; `session` is a SQLModel session on the same
    connection and in the same transaction, opened when first used.
    """

    def __init__(self, connection: Connection, cursor: Any) -> None:
        self.connection = connection
        self._cursor = cursor
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            self._session = Session(self.connection, join_transaction_mode="rollback_only", autoflush=True)
        return self._session

    def run(self, statement: Hot, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a RETURNING or SELECT; an empty list for what returns none."""
        sql, parameters = statement.bind(self.connection.dialect, values)
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchall() if self._cursor.description is not None else []

    def finish(self) -> None:
        """Send what the session still holds. The transaction itself is not ended here."""
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        if self._session is not None:
            self._session.expunge_all()
            self._session = None


TransactFn = Callable[[Transaction], T]


class Writer(Protocol):
    async def transact(self, fn: TransactFn[T]) -> T: ...
    def close(self) -> None: ...


def run_one(connection: Connection, cursor: Any, fn: TransactFn[T]) -> T:
    """Run one function on an open transaction; its ORM work is sent, nothing is committed."""
    transaction = Transaction(connection, cursor)
    try:
        result = fn(transaction)
        transaction.finish()
        return result
    finally:
        transaction.close()


class Database:
    """An opened database. Made by `open_database`; `close` it."""

    def __init__(self, writer: Writer, readers: Engine, *, threads: int) -> None:
        self._writer = writer
        self._readers = readers
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="db-read")

    @property
    def dialect(self) -> str:
        return self._readers.dialect.name

    async def transact(self, fn: TransactFn[T]) -> T:
        """Run `fn` in a durable transaction. Errors: its own, or StorageUnavailable (nothing changed)."""
        return await self._writer.transact(fn)

    async def read(self, fn: TransactFn[T]) -> T:
        """Run `fn` on one consistent view; writing is refused by the database itself."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, fn)

    def _read(self, fn: TransactFn[T]) -> T:
        try:
            with self._readers.connect() as connection, connection.begin():
                return run_one(connection, connection.connection.cursor(), fn)
        except OperationalError as error:
            raise StorageUnavailable("The database could not be read.") from error

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._writer.close()
        self._readers.dispose()


class _PostgresWriter:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(PG_POOL, thread_name_prefix="db-write")

    async def transact(self, fn: TransactFn[T]) -> T:
        # Shielded: a caller that was cancelled must not leave a half-told story; the function still runs.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, self._run, fn))

    def _run(self, fn: TransactFn[T]) -> T:
        for left in reversed(range(PG_TRIES)):
            try:
                with self._engine.begin() as connection:
                    return run_one(connection, connection.connection.cursor(), fn)
            except Exception as error:
                state = _sqlstate(error)
                if state in PG_RETRY and left:
                    continue  # PostgreSQL undid it; functions are pure of outside effects, so run it again
                if state is not None and (state[:2] in {"08", "53", "57"} or state in PG_RETRY):
                    raise StorageUnavailable from error
                if isinstance(error, OperationalError):
                    raise StorageUnavailable from error
                raise
        raise StorageUnavailable  # pragma: no cover - the loop returns or raises

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._engine.dispose()


def _sqlstate(error: BaseException) -> str | None:
    origin = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(origin, "sqlstate", None)
    if (
        state is None
        and type(origin).__module__.startswith("psycopg")
        and type(origin).__name__ == "OperationalError"
    ):
        return "08006"
    return state if isinstance(state, str) else None


def postgres_url(url: str) -> str:
    """SQLAlchemy's name for psycopg 3, from any of the usual spellings."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _postgres_engine(url: str, *, read_only: bool) -> Engine:
    try:
        import psycopg
    except ImportError as error:
        raise SetupError(
            "DATABASE_URL names PostgreSQL: install the extra, pip install 'paywall[postgres]'."
        ) from error
    engine = create_engine(postgres_url(url), pool_size=PG_POOL, max_overflow=0, pool_pre_ping=True)
    if read_only:

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


def _sqlite_readers(path: Path) -> Engine:
    # mode=ro: a reader can neither write nor checkpoint (SQLite up to 3.51.2 can corrupt a WAL when two
    # connections checkpoint at once), and it opens beside a running server.
    uri = f"sqlite:///file:{_quoted(path)}?mode=ro&uri=true"
    engine = create_engine(
        uri, pool_size=4, max_overflow=4, connect_args={"check_same_thread": False, "timeout": 10}
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def open_database(url: str, *, writing: bool = True) -> Database:
    """Open `sqlite:///PATH` or `postgresql://…`, bring SQLite's schema up to date, check PostgreSQL's.

    Errors: SetupError when another process writes to the SQLite file, the schema is behind on PostgreSQL,
    or an extra is missing.
    """
    from paywall.schema import ensure_schema

    if url.startswith("sqlite:///"):
        from paywall.sqlite_writer import SqliteWriter

        path = Path(url.removeprefix("sqlite:///"))
        if not writing:
            if not path.exists():
                raise SetupError(f"There is no database at {path} yet; `paywall serve` makes it.")
            return Database(_Closed(), _sqlite_readers(path), threads=4)
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = SqliteWriter(path)
        ensure_schema(writer.engine, migrate=True)
        return Database(writer, _sqlite_readers(path), threads=4)
    if not url.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        raise SetupError("DATABASE_URL must begin with sqlite:/// or postgresql://.")
    engine = _postgres_engine(url, read_only=False)
    ensure_schema(engine, migrate=False)
    return Database(_PostgresWriter(engine), _postgres_engine(url, read_only=True), threads=PG_POOL)


@contextmanager
def open_engine(url: str) -> Iterator[Engine]:
    """The bare engine, for `paywall migrate`. Errors: SetupError."""
    if url.startswith("sqlite:///"):
        from paywall.sqlite_writer import SqliteWriter

        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = SqliteWriter(path)
        try:
            yield writer.engine
        finally:
            writer.close()
        return
    engine = _postgres_engine(url, read_only=False)
    try:
        yield engine
    finally:
        engine.dispose()


class _Closed:
    """The writer of a database that was opened for looking."""

    async def transact(self, fn: TransactFn[T]) -> T:
        raise SetupError("This command only looks; it cannot write.")

    def close(self) -> None:
        return
