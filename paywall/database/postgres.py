"""PostgreSQL: a bounded pool of threads runs the same functions; any number of processes share the database."""

import asyncio
import importlib.util
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from paywall.database.engine import GroupFn, Item, Provisional, Result, TransactFn, Transaction, run_one
from paywall.database.postgres_groups import Groups
from paywall.database.settling import in_thread
from paywall.errors import SetupError, StorageUnavailable

T = TypeVar("T")
log = logging.getLogger("paywall.database")
POOL = 16
TRIES = 5
#: serialization_failure, deadlock_detected: PostgreSQL undid it, and it may be run again
RETRY = frozenset({"40001", "40P01"})
#: lock_not_available: somebody stands still with a row of one in the group, and the others must not wait for him;
#: of a function that runs alone it is ours, behind a group, or an operator's own patience that is at its end
LOCKED = "55P03"
GROUPS_PATIENCE = "SET LOCAL lock_timeout = '250ms'"
#: of one that runs alone after its group: those who wait for one row may not keep all threads for as long as it lasts
ALONE_PATIENCE = "SET LOCAL lock_timeout = '2s'"
#: SQLSTATE classes of connections, resources, operators and disks: the storage is at fault, not the statement
STORAGE = frozenset({"08", "53", "57", "58"})


class PostgresWriter:
    """Runs functions in threads, each in a transaction of its own; tried again when PostgreSQL undid it.

    What is asked through `transact_in_group` at the same time shares a transaction: a statement for all of them costs
    the server and us less than one for each, and those of one account do not wait for each other's locks.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(POOL, thread_name_prefix="db-write")
        self._groups = Groups(self._many, self._one)

    async def transact(self, fn: TransactFn[T]) -> T:
        # Shielded: when its caller is cancelled, the function still runs to its commit or its rollback.
        return await asyncio.shield(self._in_pool(fn))

    async def transact_in_group(self, fn: GroupFn[Item, Result], item: Item) -> Result:
        return await self._groups.transact_in_group(fn, item)

    async def provisionally(self, fn: GroupFn[Item, Result], item: Item) -> Provisional[Result]:
        done = await self._groups.transact_in_group(fn, item)
        kept: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        kept.set_result(done)
        return Provisional(done, kept)

    def _one(self, fn: GroupFn[Item, Result], item: Item) -> asyncio.Future[Result]:
        def alone(tx: Transaction) -> Result:
            tx.change(ALONE_PATIENCE, ())
            return fn.one(tx, item)

        return self._in_pool(alone)

    def _in_pool(self, fn: TransactFn[T]) -> asyncio.Future[T]:
        return in_thread(asyncio.get_running_loop(), self._pool, self._run, fn)

    def _many(self, fn: GroupFn[Item, Result], items: Sequence[Item]) -> list[Result] | None:
        """None: nothing was done. Errors: StorageUnavailable, when perhaps all was done."""
        try:
            with self._engine.begin() as connection:
                cursor = connection.connection.cursor()
                cursor.execute(GROUPS_PATIENCE)
                results = run_one(Transaction(connection, cursor), lambda tx: fn.many(tx, items))
                if results is None:
                    raise _NotPlain  # noqa: TRY301  undoes it
                return results
        except Exception as error:
            _shorten(error)
            state = _sqlstate(error)
            if state != LOCKED and _is_storage(error):
                raise StorageUnavailable from error
            if not isinstance(error, _NotPlain) and state not in RETRY and not _breaks_a_rule(error):
                log.warning("a group ran one by one: %s", type(error).__name__)
            return None  # alone, each tells its own error

    def _run(self, fn: TransactFn[T]) -> T:
        for left in reversed(range(TRIES)):
            try:
                with self._engine.begin() as connection:
                    return run_one(Transaction(connection, connection.connection.cursor()), fn)
            except Exception as error:
                _shorten(error)
                if _sqlstate(error) in RETRY and left:
                    continue  # PostgreSQL undid it; functions are pure of outside effects, so run it again
                if _is_storage(error) or _sqlstate(error) in RETRY:
                    raise StorageUnavailable from error
                raise
        raise StorageUnavailable  # pragma: no cover - the loop returns or raises

    def close(self) -> None:
        self._groups.close()
        self._pool.shutdown(wait=True)
        self._engine.dispose()


class _NotPlain(Exception):
    """One of a group is not plain."""


def _breaks_a_rule(error: Exception) -> bool:
    """SQLSTATE class 23: a key or a CHECK."""
    return (_sqlstate(error) or "").startswith("23")


def _is_storage(error: Exception) -> bool:
    state = _sqlstate(error)
    if state in RETRY:
        return False
    told = state is not None and (state == LOCKED or state[:2] in STORAGE)
    return told or isinstance(error, OperationalError)


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
