"""One holder of the wallet at a time: a lease in the database, with a fence.

A holder that dies loses the lease when it runs out. A holder that was paused and wakes up finds the fence
raised: nothing that it would store or submit passes, for each of its transactions checks the fence first, and
locks the lease's row until it ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import case, or_, update
from sqlmodel import col

from paywall.burns.tables import LeaseRow
from paywall.clock import Clock
from paywall.database.engine import Database, Transaction
from paywall.database.statements import CompiledStatement

T = TypeVar("T")
_INSERT = CompiledStatement(
    lambda insert: insert(LeaseRow).on_conflict_do_nothing().returning(LeaseRow.__table__.c.fence),  # type: ignore[attr-defined]
    ["name", "holder", "fence", "until"],
)


class LeaseLost(Exception):
    """Another process holds the wallet now; what was being done is dropped."""


@dataclass(frozen=True, slots=True)
class WalletLease:
    """Leave to write for the wallet, for as long as nobody else has taken it. Made by `LeaseHolder.take`."""

    database: Database
    name: str
    holder: str
    #: rises with every change of hands
    fence: int

    async def transact(self, fn: Callable[[Transaction], T]) -> T:
        """Run `fn` in a transaction of the wallet's holder.

        Errors: its own, LeaseLost (nothing changed), StorageUnavailable.
        """

        def fenced(tx: Transaction) -> T:
            _check(tx, self)
            return fn(tx)

        return await self.database.transact(fenced)


class LeaseHolder:
    """One process among those that share the wallet, by its name."""

    def __init__(self, database: Database, lease: str, name: str, *, clock: Clock, seconds: int) -> None:
        self._database = database
        self._lease = lease
        self._name = name
        self._clock = clock
        self._seconds = seconds

    async def take(self) -> WalletLease | None:
        """The lease when it is ours, now or anew; None while another holds it. Errors: StorageUnavailable."""
        fence = await self._database.transact(
            lambda tx: _take(tx, self._lease, self._name, self._clock(), self._seconds)
        )
        return WalletLease(self._database, self._lease, self._name, fence) if fence is not None else None

    async def give_back(self) -> None:
        """At an orderly stop, so that the next holder need not wait for the lease to run out."""
        await self._database.transact(lambda tx: _give_back(tx, self._lease, self._name))


def _take(tx: Transaction, lease: str, holder: str, now: int, seconds: int) -> int | None:
    """The fence; None while another holds the lease."""
    rows = tx.run(_INSERT, name=lease, holder=holder, fence=1, until=now + seconds)
    if rows:
        return int(rows[0][0])
    fence = tx.session.exec(
        update(LeaseRow)
        .where(col(LeaseRow.name) == lease, or_(col(LeaseRow.holder) == holder, col(LeaseRow.until) < now))
        .values(
            holder=holder,
            until=now + seconds,
            fence=case((col(LeaseRow.holder) == holder, col(LeaseRow.fence)), else_=col(LeaseRow.fence) + 1),
        )
        .returning(col(LeaseRow.fence))
    ).scalar_one_or_none()
    return int(fence) if fence is not None else None


def _check(tx: Transaction, lease: WalletLease) -> None:
    """One UPDATE with its guard in the WHERE clause. Errors: LeaseLost."""
    done = tx.session.exec(
        update(LeaseRow)
        .where(
            col(LeaseRow.name) == lease.name,
            col(LeaseRow.holder) == lease.holder,
            col(LeaseRow.fence) == lease.fence,
        )
        .values(fence=lease.fence)
    )
    if done.rowcount != 1:
        raise LeaseLost(lease.name)


def _give_back(tx: Transaction, lease: str, holder: str) -> None:
    tx.session.exec(
        update(LeaseRow).where(col(LeaseRow.name) == lease, col(LeaseRow.holder) == holder).values(until=0)
    )
