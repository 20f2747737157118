"""Receipts in the wallet. Store functions; the transaction comes first."""

import sqlite3
from dataclasses import dataclass, field

from buyer.errors import SellerFault, UsageError
from buyer.purchase import store as purchase_store
from buyer.purchase.record import Purchase
from shared.money import Money
from shared.tokens.receipt import Receipt


@dataclass(frozen=True, slots=True)
class HeldReceipt:
    """A verified receipt and what it was bought for. `granted` credits; times in Unix seconds."""

    id: str
    token: str = field(repr=False)  # it is worth money: not for logs
    origin: str
    product: str
    granted: int
    price: Money
    payment_request_id: str
    issued_at: int
    expires_at: int


_SELECT = (
    "SELECT receipts.id, unsealed(token, receipts.id), origin, product, credits,"
    " price_amount, price_currency, price_decimals, payment_request_id, issued_at, receipts.expires_at"
    " FROM receipts JOIN purchases ON purchases.id = purchase_id"
)


def store(db: sqlite3.Connection, purchase: Purchase, receipt: Receipt, token: str) -> HeldReceipt:
    """Keep the receipt and end the purchase in one commit; the same one again changes nothing."""
    known = of_purchase(db, purchase.id)
    if known is not None:
        return known
    purchase_store.paid(db, purchase)
    return _kept(db, purchase, receipt, token)


def store_recovered(db: sqlite3.Connection, purchase: Purchase, receipt: Receipt, token: str) -> HeldReceipt:
    """Keep the receipt of a purchase that was paid from another copy of this wallet; see `store`."""
    known = of_purchase(db, purchase.id)
    if known is not None:
        return known
    purchase_store.recovered(db, purchase, receipt.payment_option_id, now=receipt.issued_at)
    return _kept(db, purchase, receipt, token)


def keep(db: sqlite3.Connection, purchase_id: str, receipt: Receipt, token: str) -> None:
    """IntegrityError when the wallet holds it already, or another one of the purchase."""
    db.execute(
        "INSERT INTO receipts (id, purchase_id, token, issued_at, expires_at)"
        " VALUES (?1, ?2, sealed(?3, ?1), ?4, ?5)",
        (receipt.id, purchase_id, token, receipt.issued_at, receipt.expires_at),
    )


def _kept(db: sqlite3.Connection, purchase: Purchase, receipt: Receipt, token: str) -> HeldReceipt:
    try:
        keep(db, purchase.id, receipt, token)
    except sqlite3.IntegrityError as error:
        # Two payments would have bought one thing.
        hint = f"The payment is {purchase.external_id}. Show it to the seller: buyer purchases claim {purchase.id}"
        message = f"the seller sent the receipt {receipt.id} for another payment before"
        raise SellerFault("receipt_repeated", message, hint=hint) from error
    return find(db, receipt.id)


def of_purchase(db: sqlite3.Connection, purchase_id: str) -> HeldReceipt | None:
    row = db.execute(f"{_SELECT} WHERE purchase_id = ?", (purchase_id,)).fetchone()
    return None if row is None else _held(row)


def find(db: sqlite3.Connection, receipt_id: str) -> HeldReceipt:
    """UsageError when the wallet does not hold it. A unique beginning of the id's UUID will do."""
    like = receipt_id.removeprefix("urn:uuid:")
    rows = db.execute(f"{_SELECT} WHERE substr(receipts.id, 10, length(?1)) = ?1", (like,)).fetchall()
    if len(rows) > 1 and like:
        raise UsageError(
            "receipt_ambiguous", f"{receipt_id} fits {len(rows)} receipts", hint="Write more of it."
        )
    if not rows or not like:
        raise UsageError(
            "receipt_unknown", f"the wallet holds no receipt {receipt_id}", hint="See: buyer receipts"
        )
    return _held(rows[0])


def of_job(db: sqlite3.Connection, job_id: str) -> HeldReceipt | None:
    """The receipt that an interrupted job has already paid for."""
    row = db.execute(f"{_SELECT} WHERE job_id = ? AND state = 'paid'", (job_id,)).fetchone()
    return None if row is None else _held(row)


def every(db: sqlite3.Connection, origin: str | None = None) -> list[HeldReceipt]:
    """All receipts, or one seller's; the newest first."""
    where = f"{_SELECT} WHERE ?1 IS NULL OR origin = ?1 ORDER BY issued_at DESC, receipts.id"
    return [_held(row) for row in db.execute(where, (origin,))]


def _held(row: tuple[object, ...]) -> HeldReceipt:
    identity, token, origin, product, granted, amount, currency, decimals, *rest = row
    price = Money(amount, currency, decimals)  # type: ignore[arg-type] # sqlite3 is untyped
    return HeldReceipt(identity, token, origin, product, granted, price, *rest)  # type: ignore[arg-type] # sqlite3 is untyped
