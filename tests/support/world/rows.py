"""Rows to write and read in tests of the database: used holder proofs, which stand for themselves."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlmodel import select

from paywall.database.engine import Database, TransactFn, Transaction
from paywall.database.statements import CompiledStatement
from paywall.redemptions.tables import HolderProofRow

T = TypeVar("T")
NOW = 1_800_000_000
INSERT = CompiledStatement(lambda insert: insert(HolderProofRow), ["mark", "expires_at"])
SELECT = CompiledStatement(lambda _insert: select(HolderProofRow.mark))


def write_hot(tx: Transaction, name: str) -> None:
    tx.run(INSERT, mark=name.encode(), expires_at=NOW)


def write_orm(tx: Transaction, name: str) -> None:
    tx.session.add(HolderProofRow(mark=name.encode(), expires_at=NOW))


def names(tx: Transaction) -> set[str]:
    return {mark.decode() for mark in tx.session.exec(select(HolderProofRow.mark))}


def writing(write: Callable[[Transaction, str], None], name: str) -> Callable[[Transaction], str]:
    def function(tx: Transaction) -> str:
        write(tx, name)
        return name

    return function


class OneByOne(Generic[T]):
    """A group function whose items are functions."""

    def one(self, tx: Transaction, item: TransactFn[T]) -> T:
        return item(tx)

    def many(self, _tx: Transaction, _items: Sequence[TransactFn[T]]) -> list[T] | None:
        return None


async def quickly(database: Database, fn: TransactFn[T]) -> T:
    """As `database.transact`, but as a quick function: SQLite runs it on the event loop."""
    return await database.transact_in_group(OneByOne[T](), fn)
