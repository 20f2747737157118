"""Statements on payment requests; each takes the transaction first."""

from collections.abc import Sequence

from sqlalchemy import update
from sqlmodel import col

from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion, Values
from paywall.ops.failpoints import failpoint
from paywall.sales.tables import PaymentRequestRow
from shared.dialects.base import StoredRequest

_COLUMNS = (
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
)
_INSERT = Insertion(PaymentRequestRow, _COLUMNS)
_RESTORE = Insertion(PaymentRequestRow, _COLUMNS, unless=["id"])


class Insert:
    """A request that is open to be paid, for a `database.engine.GroupFn`."""

    def one(self, tx: Transaction, item: StoredRequest) -> None:
        _INSERT.one(tx, _row(item, "open"))
        failpoint("sell.storing")

    def many(self, tx: Transaction, items: Sequence[StoredRequest]) -> list[None] | None:
        stored = _INSERT.many(tx, [_row(one, "open") for one in items])
        failpoint("sell.storing")
        return [None] * len(items) if stored else None


def restore(tx: Transaction, stored: StoredRequest) -> None:
    """The row of a request that was forgotten, from its token, for a payment to be kept with; nothing opens it.

    A row that is there stays as it is.
    """
    _RESTORE.one(tx, _row(stored, "forgotten"))


def _row(stored: StoredRequest, state: str) -> Values:
    request = stored.request
    order, price = request.order, request.price
    return (
        request.id,
        stored.token,
        order.product,
        order.credits,
        price.amount,
        price.currency,
        order.holder,
        state,
        request.issued_at,
        request.expires_at,
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
