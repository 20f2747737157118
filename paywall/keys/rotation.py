"""The keys that the seller signed tokens with, by their public parts; each function takes the transaction first.

A key that signs no longer still verifies until nothing that it signed can be used any more.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, delete, or_, update
from sqlmodel import col, select

from paywall.database.engine import Transaction
from paywall.database.statements import CompiledStatement
from paywall.keys.tables import SellerKeyRow
from paywall.payments.tables import ReceiptRow
from paywall.sales.prices import Product
from paywall.sales.tables import PaymentRequestRow
from shared.keys import PublicKey

DAY = 86_400
_INSERT = CompiledStatement(
    lambda insert: insert(SellerKeyRow).on_conflict_do_nothing(),
    ["did", "since", "retired_at"],
)


def longest_use(products: Iterable[Product], request_seconds: int) -> int:
    """Seconds that a token may count after it was signed: a PRT that is paid at the last moment, and its receipt."""
    return max(product.validity_days for product in products) * DAY + request_seconds


def rotate_to(tx: Transaction, keys: Collection[PublicKey], now: int, keep_seconds: int) -> list[PublicKey]:
    """Note that `keys` sign from now on, and every other no longer; the others that must still verify."""
    signing = {key.did for key in keys}
    for one in sorted(signing):
        tx.run(_INSERT, did=one, since=now, retired_at=None)
    did, retired_at = col(SellerKeyRow.did), col(SellerKeyRow.retired_at)
    ours = did.in_(signing)
    tx.session.exec(update(SellerKeyRow).where(ours).values(retired_at=None))
    tx.session.exec(update(SellerKeyRow).where(~ours, retired_at.is_(None)).values(retired_at=now))
    tx.session.exec(delete(SellerKeyRow).where(retired_at < now - keep_seconds, ~_in_use(now)))
    return [PublicKey.from_did_key(row.did) for row in known(tx) if row.did not in signing]


def known(tx: Transaction) -> list[SellerKeyRow]:
    """Oldest first."""
    return list(
        tx.session.exec(select(SellerKeyRow).order_by(col(SellerKeyRow.since), col(SellerKeyRow.did)))
    )


def _in_use(now: int) -> ColumnElement[bool]:
    """Whether something from the key's time still counts: the catalog may have promised more than it does now."""
    request = col(PaymentRequestRow.id) == col(ReceiptRow.payment_request_id)
    running = or_(col(PaymentRequestRow.state) == "settling", col(ReceiptRow.expires_at) > now)
    made = col(PaymentRequestRow.created_at) <= col(SellerKeyRow.retired_at)
    return (
        select(PaymentRequestRow.id)
        .outerjoin(ReceiptRow, request)
        .where(made, running)
        .correlate(SellerKeyRow)
        .exists()
    )
