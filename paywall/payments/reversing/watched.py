"""Statements on payments that may still be undone, or may come back; each takes the transaction first."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, update
from sqlmodel import col, select

from paywall.database.engine import Transaction
from paywall.payments.tables import PaymentRow


def due(tx: Transaction, state: str, rails: Sequence[str], before: int, limit: int = 100) -> list[PaymentRow]:
    """Settled payments that may still be undone, or reversed ones that may come back, by `state`.

    Those of these rails that were not looked at since `before`, the longest first.
    """
    rows = (
        select(PaymentRow)
        .where(
            PaymentRow.state == state,
            col(PaymentRow.final_at).is_(None),
            col(PaymentRow.updated_at) <= before,
            col(PaymentRow.rail).in_(rails),
        )
        .order_by(col(PaymentRow.updated_at))
        .limit(limit)
    )
    return list(tx.session.exec(rows))


def _still_watched(payment_id: str, state: str = "settled") -> list[ColumnElement[bool]]:
    return [
        col(PaymentRow.id) == payment_id,
        col(PaymentRow.state) == state,
        col(PaymentRow.final_at).is_(None),
    ]


def note_look(tx: Transaction, payment: PaymentRow, now: int) -> bool:
    """False when somebody else looked at it since it was read."""
    done = tx.session.exec(
        update(PaymentRow)
        .where(*_still_watched(payment.id, payment.state), col(PaymentRow.updated_at) == payment.updated_at)
        .values(updated_at=now)
    )
    return done.rowcount == 1


def mark_final(tx: Transaction, payment_id: str, now: int) -> None:
    tx.session.exec(update(PaymentRow).where(*_still_watched(payment_id)).values(final_at=now))


def reverse(tx: Transaction, payment_id: str, reason: str, now: int) -> bool:
    """Settled → reversed. False when it is not settled any more, or final."""
    values = {"state": "reversed", "reason": reason, "updated_at": now}
    done = tx.session.exec(update(PaymentRow).where(*_still_watched(payment_id)).values(values))
    return done.rowcount == 1


def reinstate(tx: Transaction, payment_id: str, now: int) -> bool:
    """Reversed → settled, for good. False when it is not reversed, or was reinstated already."""
    values = {"state": "settled", "reason": None, "updated_at": now, "final_at": now}
    done = tx.session.exec(update(PaymentRow).where(*_still_watched(payment_id, "reversed")).values(values))
    return done.rowcount == 1
