"""Which receipts still hold credits, by the wallet's own books. Store functions; the transaction comes first.

A seller may count otherwise (it revoked some, or a copy of the wallet used them): it has the last word.
"""

import sqlite3
from dataclasses import dataclass

from buyer.purchase import receipts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import jobs

BUY_MORE = "Buy more: buyer buy --credits N"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Holding:
    """A receipt and the credits of it that no use of this wallet has asked for."""

    receipt: HeldReceipt
    left: int


def spendable(db: sqlite3.Connection, origin: str, product: str, *, now: int) -> list[Holding]:
    """The receipts of one seller and product that run and have credits left, the newest first."""
    running = [
        receipt
        for receipt in receipts.every(db, origin)
        if receipt.product == product and receipt.expires_at > now
    ]
    holdings = [Holding(receipt, receipt.granted - jobs.cost(db, receipt.id)) for receipt in running]
    return [holding for holding in holdings if holding.left > 0]


def advice(db: sqlite3.Connection, empty: HeldReceipt, *, now: int) -> str:
    """What to do when a receipt has no credits: use another of the same seller and product, or buy."""
    held = spendable(db, empty.origin, empty.product, now=now)
    others = [f"{one.receipt.id} ({one.left} left)" for one in held if one.receipt.id != empty.id]
    if not others:
        return BUY_MORE
    return f"Other receipts have credits, for --receipt: {', '.join(others[:_NAMED])}. {BUY_MORE}"
