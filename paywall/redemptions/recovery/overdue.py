"""What a crash left reserved."""

from typing import NamedTuple

from sqlalchemy import text, tuple_
from sqlmodel import col, select

from paywall.database.engine import Transaction
from paywall.redemptions.tables import RedemptionRow


class Overdue(NamedTuple):
    """A reservation that a crash left behind; `deadline` and `id` are its place among them."""

    deadline: int
    id: str
    attempt: int


def overdue(
    tx: Transaction, now: int, *, after: tuple[int, str] = (0, ""), limit: int = 100
) -> list[Overdue]:
    """Those behind `after`, a place, in the order of their deadlines: the partial index has them so, and few."""
    place = tuple_(col(RedemptionRow.deadline), col(RedemptionRow.id))
    rows = (
        select(RedemptionRow.deadline, RedemptionRow.id, RedemptionRow.attempt)
        .where(
            text("state = 'reserved'"),  # not a parameter: the partial index is of this text
            col(RedemptionRow.deadline) < now,
            place > tuple_(*after),
        )
        .order_by(col(RedemptionRow.deadline), col(RedemptionRow.id))
        .limit(limit)
    )
    return [Overdue(*row) for row in tx.session.exec(rows)]
