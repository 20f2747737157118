"""Credits that are left of what a call bought: the next call of the same path uses them. Store functions.

A receipt of a call is nobody's by name, and goes back to the seller that gave it, to the path that it was bought for.
Under which key a call uses it is stored before it is sent, so that a lost answer is asked for again and not paid twice.
"""

import sqlite3
from typing import NamedTuple

from buyer.purchase.record import PurchaseKind


class CallByCredit(NamedTuple):
    """A call that a receipt pays for, under a key of its own."""

    kind: PurchaseKind
    receipt: str
    idempotency_key: str


def place_of(kind: PurchaseKind) -> str:
    """The method and the path of a call, without its query: what is bought for one is good for it again."""
    return kind.product.partition(" ")[2].partition("?")[0]


def keep(db: sqlite3.Connection, kind: PurchaseKind, receipt: str, credits: int, *, expires_at: int) -> None:
    """What an answer says is left of a receipt; nothing is kept of none."""
    db.execute("DELETE FROM credits_left WHERE receipt = ?", (receipt,))
    if credits > 0:
        values = (receipt, kind.origin, place_of(kind), credits, expires_at)
        db.execute(
            "INSERT INTO credits_left (receipt, origin, place, credits, expires_at) VALUES (?, ?, ?, ?, ?)",
            values,
        )


def begin(db: sqlite3.Connection, kind: PurchaseKind, *, new_key: str, now: int) -> CallByCredit | None:
    """How this call is paid for by credits: as it was begun before, or by what is left; None where nothing is."""
    found = db.execute(
        "SELECT receipt, idempotency_key FROM credit_calls WHERE origin = ? AND call = ?",
        (kind.origin, kind.product),
    ).fetchone()
    if found is not None:
        return CallByCredit(kind, *found)
    left = db.execute(
        "SELECT receipt FROM credits_left WHERE origin = ? AND place = ? AND expires_at > ?"
        " ORDER BY expires_at LIMIT 1",
        (kind.origin, place_of(kind), now),
    ).fetchone()
    if left is None:
        return None
    db.execute(
        "INSERT INTO credit_calls (origin, call, receipt, idempotency_key) VALUES (?, ?, ?, ?)",
        (kind.origin, kind.product, left[0], new_key),
    )
    return CallByCredit(kind, left[0], new_key)


def answered(db: sqlite3.Connection, used: CallByCredit, credits: int | None) -> None:
    """The call has its answer. `credits` are left of the receipt; None for as many as before."""
    db.execute(
        "DELETE FROM credit_calls WHERE origin = ? AND call = ? AND idempotency_key = ?",
        (used.kind.origin, used.kind.product, used.idempotency_key),
    )
    if credits is None:
        return
    if credits > 0:
        db.execute("UPDATE credits_left SET credits = ? WHERE receipt = ?", (credits, used.receipt))
    else:
        db.execute("DELETE FROM credits_left WHERE receipt = ?", (used.receipt,))
