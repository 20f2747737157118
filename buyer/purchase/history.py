"""What a wallet has bought, and how much of it was verified. Store functions; the transaction comes first."""

import sqlite3
from dataclasses import dataclass
from typing import Any

from buyer.purchase.record import COUNTED, STATE, PurchaseKind
from shared.money import Money


@dataclass(frozen=True, slots=True)
class PastPurchase:
    """A purchase and what came of it; times in Unix seconds.

    `counted` is whether the budget counts it as spent. A `receipt_id` was verified before it was stored. `proofs`
    are the outcomes of `buyer verify` over the `uses` that were delivered.
    """

    id: str
    kind: PurchaseKind
    state: str
    price: Money | None
    counted: bool
    created_at: int
    signed_at: int | None
    payment: str | None
    receipt_id: str | None
    uses: int
    proofs: tuple[str, ...]


def read(db: sqlite3.Connection) -> list[PastPurchase]:
    """Every purchase, the newest first."""
    return [_past(db, row) for row in db.execute(_SELECT).fetchall()]


_SELECT = f"""
    SELECT purchases.id, origin, product, credits, {STATE}, price_amount, price_currency, price_decimals,
           {COUNTED}, created_at, signed_at, external_id, receipts.id
    FROM purchases LEFT JOIN receipts ON purchase_id = purchases.id ORDER BY purchases.rowid DESC
"""  # noqa: S608  text of ours


def _past(db: sqlite3.Connection, row: tuple[Any, ...]) -> PastPurchase:
    identity, origin, product, credit_count, state, amount, currency, decimals, counted, *times = row
    created_at, signed_at, payment, receipt_id = times
    made = db.execute(
        "SELECT proof FROM uses WHERE receipt_id = ? AND state <> 'wanted'", (receipt_id,)
    ).fetchall()
    return PastPurchase(
        id=identity,
        kind=PurchaseKind(origin, product, credit_count),
        state=state,
        price=None if amount is None else Money(amount, currency, decimals),
        counted=bool(counted),
        created_at=created_at,
        signed_at=signed_at,
        payment=payment,
        receipt_id=receipt_id,
        uses=len(made),
        proofs=tuple(proof for (proof,) in made if proof is not None),
    )
