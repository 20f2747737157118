"""PostgreSQL: a bounded pool of threads runs the same functions; any number of processes share the database."""

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from paywall.database.engine import TransactFn, run_one
from paywall.errors import SetupError, StorageUnavailable

T = TypeVar("T")
POOL = 16
TRIES = 5
#: serialization_failure, deadlock_detected: PostgreSQL undid it, and it may be run again
RETRY = frozenset({"40001", "40P01"})
#: SQLSTATE classes of connections, resources and operators: the storage is at fault, not the statement
STORAGE = frozenset({"08", "53", "57"})


class PostgresWriter:
    """Runs functions in threads, each in a transaction of its own; tried again when PostgreSQL undid it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(POOL, thread_name_prefix="db-write")

    async def transact(self, fn: TransactFn[T]) -> T:
        # Shielded: when its caller is cancelled, the function still runs to its commit or its rollback.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, self._run, fn))

    def _run(self, fn: TransactFn[T]) -> T:
        for left in reversed(range(TRIES)):
            try:
                with self._engine.begin() as connection:
                    return run_one(connection, connection.connection.cursor(), fn)
            except Exception as error:
                _shorten(error)
                state = _sqlstate(error)
                if state in RETRY and left:
                    continue  # PostgreSQL undid it; functions are pure of outside effects, so run it again
                if state is not None and (state[:2] in STORAGE or state in RETRY):
                    raise StorageUnavailable from error
                if isinstance(error, OperationalError):
                    raise StorageUnavailable from error
                raise
        raise StorageUnavailable  # pragma: no cover - the loop returns or raises

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._engine.dispose()


def _shorten(error: BaseException) -> None:
    """PostgreSQL's DETAIL quotes the row, and with it tokens: only the first line may reach a log."""
    for one in (error, getattr(error, "orig", None)):
        if isinstance(one, BaseException) and one.args and isinstance(one.args[0], str):
            one.args = (one.args[0].splitlines()[0], *one.args[1:])


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


def session_engine(url: str) -> Engine:
    """For sessions that are held open, each its own; every statement commits."""
    return create_engine(
        postgres_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
    )


def postgres_engine(url: str, *, read_only: bool) -> Engine:
    if importlib.util.find_spec("psycopg") is None:
        raise SetupError("DATABASE_URL names PostgreSQL: install the extra, pip install 'paywall[postgres]'.")
    engine = create_engine(
        postgres_url(url), pool_size=POOL, max_overflow=0, pool_pre_ping=True, hide_parameters=True
    )
    if read_only:

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine
