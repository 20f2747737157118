"""Purchases in the wallet: wanted → requested → signed → paid, each step stored before the next is taken.

Store functions; the transaction comes first. A purchase is `signed` from the moment that its transaction's
bytes are stored, and from then on its price is spent: it leaves that state by a receipt, or by the certainty
that the bytes can never land.
"""

import sqlite3
from dataclasses import dataclass
from typing import Literal

from buyer.budget import Budget
from buyer.errors import SellerFault, WalletError
from buyer.payers.base import PaymentDraft
from buyer.seller.checks import AcceptedOffer
from shared.keys import SigningKey
from shared.money import Money

State = Literal["wanted", "requested", "signed", "paid", "abandoned"]
_OPEN = "state IN ('wanted', 'requested', 'signed')"


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes two purchases the same intention, of which one at most is open."""

    origin: str
    product: str
    credits: int

    def __str__(self) -> str:
        return f"{self.credits} of {self.product} at {self.origin}"


@dataclass(frozen=True, slots=True)
class Purchase:
    """A stored purchase. `price` is the first one that the seller asked: a later 402 may not ask more."""

    id: str
    kind: Kind
    state: State
    price: Money | None
    payment_request_id: str | None
    payment_request_token: str | None
    option_id: str | None
    expires_at: int | None
    tx_hash: str | None
    tx_bytes: bytes | None
    expiry_slot: int | None


_SELECT = (
    "SELECT id, origin, product, credits, state, price_amount, price_currency, price_decimals,"
    " payment_request_id, payment_request_token, option_id, expires_at, tx_hash, tx_bytes, expiry_slot"
    " FROM purchases"
)


def take_up(db: sqlite3.Connection, kind: Kind, *, new_id: str, run_id: str | None, now: int) -> Purchase:
    """The open purchase of this kind, or else a new one; it belongs to `run_id` from here on."""
    db.execute(
        "INSERT INTO purchases (id, origin, product, credits, state, created_at)"
        " VALUES (?, ?, ?, ?, 'wanted', ?) ON CONFLICT DO NOTHING",
        (new_id, kind.origin, kind.product, kind.credits, now),
    )
    key = (kind.origin, kind.product, kind.credits)
    row = db.execute(
        f"{_SELECT} WHERE origin = ? AND product = ? AND credits = ? AND {_OPEN}", key
    ).fetchone()
    purchase = _purchase(row)
    if run_id is not None:
        db.execute("UPDATE purchases SET run_id = ? WHERE id = ?", (run_id, purchase.id))
    return purchase


def find(db: sqlite3.Connection, purchase_id: str) -> Purchase:
    return _purchase(db.execute(f"{_SELECT} WHERE id = ?", (purchase_id,)).fetchone())


def others_in_flight(db: sqlite3.Connection, purchase_id: str) -> bool:
    """Whether another payment of this wallet is under way, so that its change may still come back."""
    row = db.execute("SELECT 1 FROM purchases WHERE state = 'signed' AND id <> ?", (purchase_id,)).fetchone()
    return row is not None


def store_request(db: sqlite3.Connection, purchase: Purchase, offer: AcceptedOffer) -> Purchase:
    """A checked payment request takes the place of none, or of one that expired unpaid."""
    request, price = offer.request, offer.request.price
    try:
        changed = db.execute(
            "UPDATE purchases SET state = 'requested', payment_request_id = ?, payment_request_token = ?,"
            " option_id = ?, expires_at = ?, price_amount = ?, price_currency = ?, price_decimals = ?"
            " WHERE id = ? AND state IN ('wanted', 'requested')",
            (
                *(request.id, offer.token, offer.option.id, request.expires_at),
                *(price.amount, price.currency, price.decimals, purchase.id),
            ),
        ).rowcount
    except sqlite3.IntegrityError as error:
        # One payment a request id: a seller that repeats an id would be paid twice for one thing.
        raise SellerFault(
            "request_repeated", f"the seller sent the payment request {request.id} before"
        ) from error
    _require(changed, purchase)
    return find(db, purchase.id)


def forget_request(db: sqlite3.Connection, purchase: Purchase) -> Purchase:
    """A payment request expired unpaid. Its price is remembered: the next one may not be higher."""
    _require(
        db.execute(
            "UPDATE purchases SET state = 'wanted' WHERE id = ? AND state = 'requested'", (purchase.id,)
        ).rowcount,
        purchase,
    )
    return find(db, purchase.id)


def debit(
    db: sqlite3.Connection, purchase: Purchase, budget: Budget, draft: PaymentDraft, key: SigningKey
) -> Purchase:
    """Spend the price, take the outputs, sign, and store the bytes: in this order, all or nothing.

    Errors: OverBudget; WalletError `outputs_taken` when another purchase took one of the outputs just now,
    `purchase_taken` when this purchase has moved on meanwhile.
    """
    price = purchase.price
    assert price is not None, "a purchase is debited after its payment request was stored"
    budget.check(price, spent(db, like=price))
    try:
        rows = [(tx_hash, position, purchase.id) for tx_hash, position in draft.inputs]
        db.executemany("INSERT INTO spent_outputs VALUES (?, ?, ?)", rows)
    except sqlite3.IntegrityError as error:
        raise WalletError("outputs_taken", "another purchase spends the same outputs") from error
    changed = db.execute(
        "UPDATE purchases SET state = 'signed', tx_hash = ?, tx_bytes = ?, expiry_slot = ?"
        " WHERE id = ? AND state = 'requested' AND payment_request_id = ?",
        (draft.tx_hash, draft.sign(key), draft.expiry_slot, purchase.id, purchase.payment_request_id),
    ).rowcount
    _require(changed, purchase)
    return find(db, purchase.id)


def spent(db: sqlite3.Connection, *, like: Money) -> Money:
    """All that was ever debited in the currency of `like`, and not given back."""
    (amount,) = db.execute(
        "SELECT COALESCE(SUM(price_amount), 0) FROM purchases"
        " WHERE state IN ('signed', 'paid') AND price_currency = ? AND price_decimals = ?",
        (like.currency, like.decimals),
    ).fetchone()
    return Money(amount, like.currency, like.decimals)


def spent_outputs(db: sqlite3.Connection) -> frozenset[tuple[str, int]]:
    """Outputs that no other payment may use."""
    return frozenset(db.execute("SELECT tx_hash, position FROM spent_outputs").fetchall())


def abandon(db: sqlite3.Connection, purchase: Purchase) -> None:
    """Give up a purchase that can no longer cost anything: its price and its outputs are free again."""
    changed = db.execute(
        "UPDATE purchases SET state = 'abandoned' WHERE id = ? AND state = ?", (purchase.id, purchase.state)
    ).rowcount
    _require(changed, purchase)
    db.execute("DELETE FROM spent_outputs WHERE purchase_id = ?", (purchase.id,))


def paid(db: sqlite3.Connection, purchase: Purchase) -> None:
    _require(
        db.execute(
            "UPDATE purchases SET state = 'paid' WHERE id = ? AND state = 'signed'", (purchase.id,)
        ).rowcount,
        purchase,
    )


def _require(changed: int, purchase: Purchase) -> None:
    if changed != 1:
        hint = "Run the command again; it goes on from there."
        raise WalletError(
            "purchase_taken", f"another buyer took up the purchase of {purchase.kind}", hint=hint
        )


def _purchase(row: tuple[object, ...]) -> Purchase:
    identity, origin, product, credit_count, state, amount, currency, decimals, *rest = row
    price = None if amount is None else Money(amount, currency, decimals)  # type: ignore[arg-type] # sqlite3 is untyped
    kind = Kind(origin, product, credit_count)  # type: ignore[arg-type] # sqlite3 is untyped
    return Purchase(identity, kind, state, price, *rest)  # type: ignore[arg-type] # sqlite3 is untyped
