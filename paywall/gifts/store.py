"""Statements on gifts; each takes the transaction first."""

from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col, select

from paywall.credits import store as credit_store
from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion
from paywall.gifts.tables import GiftRow
from paywall.payments.tables import PaymentRow, ReceiptRow

_COLUMNS = (
    *("id", "account_id", "idempotency_key", "credits", "holder", "receipt_id", "payment_id", "token"),
    *("created_at", "expires_at"),
)
_INSERT = Insertion(GiftRow, _COLUMNS, unless=("account_id", "idempotency_key"))


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A receipt's token, paid for or received, and the payment behind it."""

    token: str
    payment: PaymentRow


def held(tx: Transaction, receipt_id: str) -> HeldToken | None:
    """None for a receipt that is not ours."""
    found: ReceiptRow | GiftRow | None = tx.session.get(ReceiptRow, receipt_id) or received(tx, receipt_id)
    if found is None:
        return None
    payment = tx.session.exec(select(PaymentRow).where(PaymentRow.id == found.payment_id)).one()
    return HeldToken(found.token, PaymentRow.model_validate(payment.model_dump()))


def insert(tx: Transaction, row: GiftRow) -> bool:
    """False when its account has a gift under that key."""
    return _INSERT.one(tx, tuple(getattr(row, name) for name in _COLUMNS))


def by_key(tx: Transaction, account_id: str, idempotency_key: str) -> GiftRow | None:
    rows = select(GiftRow).where(GiftRow.account_id == account_id, GiftRow.idempotency_key == idempotency_key)
    found = tx.session.exec(rows).one_or_none()
    return None if found is None else _plain(found)


def received(tx: Transaction, receipt_id: str) -> GiftRow | None:
    """What opened the account of a receipt that nobody paid for."""
    found = tx.session.exec(select(GiftRow).where(GiftRow.receipt_id == receipt_id)).one_or_none()
    return None if found is None else _plain(found)


def given(tx: Transaction, account_id: str) -> list[GiftRow]:
    """From one account, the oldest first."""
    rows = select(GiftRow).where(GiftRow.account_id == account_id).order_by(col(GiftRow.created_at))
    return [_plain(row) for row in tx.session.exec(rows)]


def count(tx: Transaction, payment_id: str) -> int:
    """How often credits of a payment changed hands."""
    rows = select(func.count()).select_from(GiftRow).where(GiftRow.payment_id == payment_id)
    return int(tx.session.exec(rows).one())


def revoke_all(tx: Transaction, account_id: str, payment_id: str, now: int) -> int:
    """Take back what is available on an account, and on all that its credits were given to. How many those were.

    From each giver to who received: from an account that is revoked nothing is given any more, so that nothing that
    is given at the same time escapes.
    """
    taken, accounts = 0, [account_id]
    for one in accounts:  # it grows
        taken += credit_store.revoke(tx, one, payment_id, now)
        accounts += _receivers(tx, one)
    return taken


def restore_all(tx: Transaction, account_id: str, payment_id: str, now: int) -> int:
    """Give back what was revoked for this payment, on the same accounts. How many those were."""
    restored, accounts = 0, [account_id]
    for one in accounts:  # it grows
        accounts += _receivers(tx, one)
        restored += credit_store.restore(tx, one, payment_id, now)
    return restored


def _receivers(tx: Transaction, account_id: str) -> list[str]:
    return list(tx.session.exec(select(GiftRow.receipt_id).where(GiftRow.account_id == account_id)))


def _plain(row: GiftRow) -> GiftRow:
    """A copy that outlives the transaction's session."""
    return GiftRow.model_validate(row.model_dump())
