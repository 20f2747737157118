"""Payments that are shown in a header of the request that they pay for. Store functions; the transaction comes first.

The purchase's row holds the money, as for every purchase; what is kept here is what is sent.
"""

import sqlite3

from buyer.errors import SellerFault
from buyer.purchase import store as purchase_store
from buyer.purchase.record import Purchase, PurchaseKind

Header = tuple[str, str]
#: of a payment whose receipt is to be shown, before it is there
AWAITED: Header = ("Authorization", "")
_BEARER = "Bearer "


def is_receipts(header: Header) -> bool:
    """Whether it shows a receipt, or will: what else stands there begins with another scheme."""
    return header[0] == AWAITED[0] and (not header[1] or header[1].startswith(_BEARER))


def note(db: sqlite3.Connection, purchase: Purchase, header: Header) -> None:
    """In the transaction that signs: from here on nothing else is ever sent for this purchase."""
    db.execute("INSERT INTO paid_calls (purchase_id, header, value) VALUES (?, ?, ?)", (purchase.id, *header))


def under_way(db: sqlite3.Connection, kind: PurchaseKind) -> tuple[Purchase, Header] | None:
    """The signed payment of such a call that has no answer yet."""
    purchase = purchase_store.find_open(db, kind)
    if purchase is None or (found := header(db, purchase.id)) is None:
        return None
    return purchase, found


def check_new(db: sqlite3.Connection, origin: str, request_id: str | None) -> None:
    """SellerFault for a payment request that this wallet has paid, or signed for, before: one is paid once."""
    known = "SELECT 1 FROM purchases WHERE origin = ? AND payment_request_id = ?"
    if db.execute(known, (origin, request_id)).fetchone() is not None:
        message = "the seller sent a payment request with an id that it gave before"
        said = {"payment_request_id": request_id}
        raise SellerFault("request_repeated", message, hint="Nothing was paid for it.", seller_says=said)


def header(db: sqlite3.Connection, purchase_id: str) -> Header | None:
    """What is sent for a purchase; None for one that is no call's."""
    row: Header | None = db.execute(
        "SELECT header, value FROM paid_calls WHERE purchase_id = ?", (purchase_id,)
    ).fetchone()
    return row


def receipted(db: sqlite3.Connection, purchase: Purchase, receipt: str) -> None:
    """The receipt is there, to be shown in the call; the first one stays."""
    values = (f"{_BEARER}{receipt}", purchase.id, AWAITED[1])
    db.execute("UPDATE paid_calls SET value = ? WHERE purchase_id = ? AND value = ?", values)


def answered(db: sqlite3.Connection, purchase: Purchase, *, receipt: str | None, now: int) -> Purchase:
    """signed → paid: the seller has answered the call, or says that it has the payment."""
    values = (now, receipt, purchase.id)
    db.execute("UPDATE paid_calls SET answered_at = ?, receipt = ? WHERE purchase_id = ?", values)
    return purchase_store.paid(db, purchase)
