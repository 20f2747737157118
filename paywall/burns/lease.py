"""One holder of the wallet at a time: a lease in the database, with a fence. Each takes the transaction first.

A holder that dies loses the lease when it runs out. A holder that was paused and wakes up finds the fence
raised: nothing that it would store or submit passes `check`, which locks the row for its transaction.
"""

from sqlalchemy import case, or_, update
from sqlmodel import col

from paywall.burns.tables import LeaseRow
from paywall.database.engine import Transaction
from paywall.database.statements import CompiledStatement

_INSERT = CompiledStatement(
    lambda insert: insert(LeaseRow).on_conflict_do_nothing().returning(LeaseRow.__table__.c.fence),  # type: ignore[attr-defined]
    ["name", "holder", "fence", "until"],
)


class LeaseLost(Exception):
    """Another process holds the wallet now; what was being done is dropped."""


def take(tx: Transaction, name: str, holder: str, now: int, seconds: int) -> int | None:
    """The fence when the lease is ours, now or anew; None while another holds it."""
    rows = tx.run(_INSERT, name=name, holder=holder, fence=1, until=now + seconds)
    if rows:
        return int(rows[0][0])
    fence = tx.session.exec(
        update(LeaseRow)
        .where(col(LeaseRow.name) == name, or_(col(LeaseRow.holder) == holder, col(LeaseRow.until) < now))
        .values(
            holder=holder,
            until=now + seconds,
            fence=case((col(LeaseRow.holder) == holder, col(LeaseRow.fence)), else_=col(LeaseRow.fence) + 1),
        )
        .returning(col(LeaseRow.fence))
    ).scalar_one_or_none()
    return int(fence) if fence is not None else None


def check(tx: Transaction, name: str, holder: str, fence: int) -> None:
    """One UPDATE with its guard in the WHERE clause. Errors: LeaseLost."""
    done = tx.session.exec(
        update(LeaseRow)
        .where(col(LeaseRow.name) == name, col(LeaseRow.holder) == holder, col(LeaseRow.fence) == fence)
        .values(fence=fence)
    )
    if done.rowcount != 1:
        raise LeaseLost(name)


def give_back(tx: Transaction, name: str, holder: str) -> None:
    """At an orderly stop, so that the next one need not wait."""
    tx.session.exec(
        update(LeaseRow).where(col(LeaseRow.name) == name, col(LeaseRow.holder) == holder).values(until=0)
    )
