"""Statements on revocations, and on receipts as their operator sees them; each takes the transaction first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, func
from sqlmodel import col, select

from paywall.credits.tables import CreditAccountRow
from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion
from paywall.database.statements import CompiledStatement
from paywall.gifts import store as gift_store
from paywall.gifts.tables import GiftRow
from paywall.payments.tables import PaymentRow, ReceiptRow
from paywall.revocations.tables import RevocationRow, StatusPlacesRow

_TAKE_PLACES = CompiledStatement(
    lambda insert: (
        insert(StatusPlacesRow)
        .values(id=1, next=bindparam("first"))
        .on_conflict_do_update(
            index_elements=["id"], set_={"next": col(StatusPlacesRow.next) + bindparam("first")}
        )
        .returning(col(StatusPlacesRow.next))
    )
)
_INSERT = Insertion(RevocationRow, ("receipt_id", "reason", "created_at"), unless=["receipt_id"])


@dataclass(frozen=True, slots=True)
class KnownReceipt:
    """A receipt's account with what paid for it, and the gifts that its credits came and went by.

    `given` is looked up for one that was asked for alone.
    """

    account: CreditAccountRow
    payment: PaymentRow | None
    revocation: RevocationRow | None
    received: GiftRow | None
    given: Sequence[GiftRow] = ()


def insert(tx: Transaction, receipt_id: str, reason: str | None, now: int) -> bool:
    """False when it was revoked before."""
    return _INSERT.one(tx, (receipt_id, reason, now))


def take_places(tx: Transaction, count: int) -> int:
    """The first of so many places that nobody else has, or will have."""
    return int(tx.run(_TAKE_PLACES, first=count)[0][0]) - count


def places_taken(tx: Transaction) -> int:
    """All places below this one were given to some process."""
    found = tx.session.get(StatusPlacesRow, 1)
    return 0 if found is None else found.next


def revoked_places(tx: Transaction, first: int, end: int) -> tuple[int, ...]:
    """Places from `first` on and before `end` whose receipts are revoked, in order."""
    place = col(CreditAccountRow.status_index)
    rows = select(CreditAccountRow.status_index).where(
        col(CreditAccountRow.revoked_by).is_not(None), place >= first, place < end
    )
    return tuple(found for found in tx.session.exec(rows.order_by(place)) if found is not None)


def find(tx: Transaction, receipt_id: str) -> KnownReceipt | None:
    found = tx.session.exec(_known().where(CreditAccountRow.id == receipt_id)).one_or_none()
    return None if found is None else replace(_plain(*found), given=gift_store.given(tx, receipt_id))


def newest(tx: Transaction, limit: int, *, revoked: bool = False) -> list[KnownReceipt]:
    """The newest of all receipts, or of those that are revoked; their credits' end is what tells which those are."""
    rows = _known().order_by(col(CreditAccountRow.expires_at).desc(), col(CreditAccountRow.id)).limit(limit)
    if revoked:
        rows = rows.where(col(CreditAccountRow.revoked_by).is_not(None))
    return [_plain(*row) for row in tx.session.exec(rows)]


def _known() -> Any:
    return (
        select(CreditAccountRow, PaymentRow, RevocationRow, GiftRow)
        .outerjoin(ReceiptRow, col(ReceiptRow.id) == CreditAccountRow.id)
        .outerjoin(GiftRow, col(GiftRow.receipt_id) == CreditAccountRow.id)
        .outerjoin(PaymentRow, col(PaymentRow.id) == func.coalesce(ReceiptRow.payment_id, GiftRow.payment_id))
        .outerjoin(RevocationRow, col(RevocationRow.receipt_id) == CreditAccountRow.id)
    )


def _plain(
    account: CreditAccountRow,
    payment: PaymentRow | None,
    revocation: RevocationRow | None,
    received: GiftRow | None,
) -> KnownReceipt:
    """Copies that outlive the transaction's session."""
    return KnownReceipt(
        CreditAccountRow.model_validate(account.model_dump()),
        None if payment is None else PaymentRow.model_validate(payment.model_dump()),
        None if revocation is None else RevocationRow.model_validate(revocation.model_dump()),
        None if received is None else GiftRow.model_validate(received.model_dump()),
    )
