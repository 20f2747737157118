"""Statements on payment requests; each takes the transaction first."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from paywall.database.engine import Transaction
from paywall.database.many_rows import ManyRows, columns_of
from paywall.database.statements import CompiledStatement
from paywall.ops.failpoints import failpoint
from paywall.sales.tables import PaymentRequestRow
from shared.dialects.base import StoredRequest

_COLUMNS = [
    *(
        "id",
        "token",
        "product",
        "credits",
        "price",
        "currency",
        "holder",
        "state",
        "created_at",
        "expires_at",
    ),
]
_INSERT = CompiledStatement(lambda insert: insert(PaymentRequestRow), _COLUMNS)
_INSERT_MANY = ManyRows(PaymentRequestRow, _COLUMNS)
_RESTORE = CompiledStatement(lambda insert: insert(PaymentRequestRow).on_conflict_do_nothing(), _COLUMNS)


def insert(tx: Transaction, **row: Any) -> None:
    tx.run(_INSERT, state="open", **row)


class Insert:
    """`insert` for a `database.engine.GroupFn`; an item is a row without its state."""

    def one(self, tx: Transaction, item: dict[str, Any]) -> None:
        insert(tx, **item)
        failpoint("sell.storing")

    def many(self, tx: Transaction, items: Sequence[dict[str, Any]]) -> list[None] | None:
        rows = [{**item, "state": "open"} for item in items]
        stored = len(tx.run(_INSERT_MANY, **columns_of(rows)))
        failpoint("sell.storing")
        return [None] * stored if stored == len(rows) else None


def restore(tx: Transaction, stored: StoredRequest) -> None:
    """The row of a request that was forgotten, from its token, for a payment to be kept with; nothing opens it.

    A row that is there stays as it is.
    """
    request = stored.request
    tx.run(
        _RESTORE,
        id=request.id,
        token=stored.token,
        product=request.order.product,
        credits=request.order.credits,
        price=request.price.amount,
        currency=request.price.currency,
        holder=request.order.holder,
        state="forgotten",
        created_at=request.issued_at,
        expires_at=request.expires_at,
    )


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
