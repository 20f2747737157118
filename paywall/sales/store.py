"""Statements on payment requests; each takes the transaction first."""

from typing import Any

from sqlalchemy import update
from sqlmodel import col

from paywall.database.engine import Transaction
from paywall.database.statements import CompiledStatement
from paywall.sales.tables import PaymentRequestRow

_INSERT = CompiledStatement(
    lambda insert: insert(PaymentRequestRow),
    ["id", "token", "product", "credits", "price", "currency", "holder", "state", "created_at", "expires_at"],
)


def insert(tx: Transaction, **row: Any) -> None:
    tx.run(_INSERT, state="open", **row)


def find(tx: Transaction, request_id: str) -> PaymentRequestRow | None:
    return tx.session.get(PaymentRequestRow, request_id)


def move(tx: Transaction, request_id: str, state: str, *, guard: tuple[str, ...]) -> bool:
    """One UPDATE with its guard in the WHERE clause; False when the guard did not hold."""
    done = tx.session.exec(
        update(PaymentRequestRow)
        .where(col(PaymentRequestRow.id) == request_id, col(PaymentRequestRow.state).in_(guard))
        .values(state=state)
    )
    return done.rowcount == 1
