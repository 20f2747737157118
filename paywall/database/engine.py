"""The one way to the database: `await database.transact(fn)` and `await database.read(fn)`.

`fn` is a plain synchronous function of a `Transaction`; nobody can await the network inside one. It
returns a value or raises, and raising undoes all it did. The same functions run on SQLite (group commit by
one writer, `sqlite_writer.py`) and on PostgreSQL (a bounded pool of threads, `postgres.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from paywall.database.settling import in_thread
from paywall.errors import StorageUnavailable

T = TypeVar("T")
Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)
Result = TypeVar("Result")


class HotStatement(Protocol):
    """Runs on the driver's cursor, past SQLAlchemy."""

    def bind(self, dialect: Dialect, values: dict[str, Any], /) -> tuple[str, Any, bool]:
        """Its text, its parameters in the driver's own style, and whether it gives rows. KeyError for one left out."""


class Transaction:
    """What a transact or read function works with.

    `run` executes a hot statement on the driver's cursor; `session` is a SQLModel session on the same
    connection and in the same transaction, opened when first used. On SQLite all functions are given the same one,
    each with a session of its own.
    """

    def __init__(self, connection: Connection, cursor: Any) -> None:
        self.connection = connection
        self.dialect = connection.dialect
        self._cursor = cursor
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            # A flush that fails makes the session roll back. On SQLite that must not reach the functions that
            # share the commit, so the session gets a savepoint of its own there.
            shared = self.dialect.name == "sqlite"
            mode: Literal["create_savepoint", "rollback_only"]
            mode = "create_savepoint" if shared else "rollback_only"
            self._session = Session(self.connection, join_transaction_mode=mode, expire_on_commit=False)
        return self._session

    def run(self, statement: HotStatement, **values: Any) -> list[tuple[Any, ...]]:
        """The rows of a RETURNING or SELECT; an empty list for what returns none."""
        sql, parameters, gives_rows = statement.bind(self.dialect, values)
        cursor = self._cursor
        cursor.execute(sql, parameters)
        return cursor.fetchall() if gives_rows else []

    def change(self, text: str, parameters: Sequence[Any]) -> int:
        """How many rows a statement without rows of its own inserted or changed; in the driver's own style."""
        self._cursor.execute(text, parameters)
        return int(self._cursor.rowcount)

    def finish(self) -> None:
        """Send what the session still holds. The transaction itself is not ended here."""
        if self._session is not None:
            self._session.commit()

    def close(self) -> None:
        session, self._session = (
            self._session,
            None,
        )  # the next function is given none, whatever becomes of this one
        if session is not None:
            session.close()


TransactFn = Callable[[Transaction], T]


class GroupFn(Protocol[Item_contra, Result]):
    """A function of a transaction for one item, and its twin for many of them: the same rows and the same results."""

    def one(self, tx: Transaction, item: Item_contra) -> Result:
        """Well under a millisecond, by compiled statements on few rows: SQLite may run it on the event loop."""

    def many(self, tx: Transaction, items: Sequence[Item_contra]) -> list[Result] | None:
        """On PostgreSQL. None, or an error, where one of them is not plain: all is undone, and each runs alone."""


class Provisional(NamedTuple, Generic[Result]):
    """What a function did in a transaction that may still be open. `kept` is what it did, once that is durable.

    They differ where the transaction was undone by another's error and the function run again.
    Errors of `kept`: as those of `Database.transact`.
    """

    done: Result
    kept: Awaitable[Result]


class Writer(Protocol):
    """What each database brings: the one way to write, and its end."""

    async def transact_in_group(self, fn: GroupFn[Item, Result], item: Item, /) -> Result: ...
    async def provisionally(self, fn: GroupFn[Item, Result], item: Item, /) -> Provisional[Result]: ...
    async def transact(self, fn: TransactFn[T], /) -> T: ...
    def close(self) -> None: ...


class Liveness(Protocol):
    """What each database knows of the processes that write to it, each under a number of its own.

    It is a reason to repeat work, never a permission: a process that lost its connection looks gone while it still
    works, so what is taken up from it needs its own guard (the attempt of a redemption).
    """

    def own(self) -> int:
        """This process's number, 1 to 2³¹−1; it looks alive from here on. Errors: the database's own."""

    def is_gone(self, tx: Transaction, number: int | None) -> bool:
        """Whether the process with that number is certainly dead, or lost its connection. None is unknown."""

    def close(self) -> None:
        """This process looks gone."""


def run_one(transaction: Transaction, fn: TransactFn[T]) -> T:
    """Run one function on an open transaction; its ORM work is sent, nothing is committed."""
    try:
        result = fn(transaction)
        transaction.finish()
        return result
    finally:
        transaction.close()


class Database:
    """An opened database. Made by `opening.open_database`; `close` it."""

    def __init__(self, writer: Writer, readers: Engine, *, threads: int, liveness: Liveness) -> None:
        self._writer = writer
        self.liveness = liveness
        self._readers = readers
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="db-read")

    @property
    def dialect(self) -> str:
        return self._readers.dialect.name

    async def transact(self, fn: TransactFn[T]) -> T:
        """Run `fn` in a durable transaction. Errors: its own (nothing changed), or StorageUnavailable.

        What StorageUnavailable was raised for may be done all the same: the answer to its COMMIT may have been lost.
        `fn` changes nothing but through its transaction: it may be run again from the start when another's error
        undoes it.
        """
        return await self._writer.transact(fn)

    async def transact_in_group(self, fn: GroupFn[Item, Result], item: Item) -> Result:
        """As `transact(lambda tx: fn.one(tx, item))`; PostgreSQL takes those who ask at the same time together."""
        return await self._writer.transact_in_group(fn, item)

    async def provisionally(self, fn: GroupFn[Item, Result], item: Item) -> Provisional[Result]:
        """As `transact_in_group`, but told before the commit, so that what follows at once may share it.

        What is asked of this database afterwards is done behind it. Only SQLite, which has one writer, can tell so
        early; PostgreSQL tells behind the commit. Nothing may leave the process before `kept`.
        """
        return await self._writer.provisionally(fn, item)

    async def read(self, fn: TransactFn[T]) -> T:
        """Run `fn` on one consistent view; writing is refused by the database itself."""
        return await in_thread(asyncio.get_running_loop(), self._pool, self._read, fn)

    def _read(self, fn: TransactFn[T]) -> T:
        try:
            with self._readers.connect() as connection, connection.begin():
                return run_one(Transaction(connection, connection.connection.cursor()), fn)
        except (OperationalError, self._readers.dialect.loaded_dbapi.OperationalError) as error:
            raise StorageUnavailable("The database could not be read.") from error

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._writer.close()
        self.liveness.close()
        self._readers.dispose()
