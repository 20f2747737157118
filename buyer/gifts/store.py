"""Gifts in the wallet: stored before they are asked for. Store functions; the transaction comes first."""

import sqlite3
from dataclasses import dataclass

from buyer.errors import UsageError
from buyer.purchase import receipts
from buyer.purchase.receipts import HeldReceipt
from shared.tokens.prt import PaymentRequest
from shared.tokens.receipt import Receipt

#: who paid, in the row of what nobody paid for here
GIFT = "gift"


@dataclass(frozen=True, slots=True)
class WantedGift:
    """Credits for `holder` (a did:key), asked for under a key of their own."""

    idempotency_key: str
    receipt_id: str
    holder: str
    credits: int


def want(db: sqlite3.Connection, gift: WantedGift) -> WantedGift:
    """The gift; or the one to the same holder that was asked for before, and has no answer yet.

    UsageError when that one is of another number: first it must be known what became of it.
    """
    known = unanswered(db, gift.receipt_id, gift.holder)
    if known is None:
        db.execute(
            "INSERT INTO gifts (idempotency_key, receipt_id, holder, credits) VALUES (?, ?, ?, ?)",
            (gift.idempotency_key, gift.receipt_id, gift.holder, gift.credits),
        )
        return gift
    if known.credits != gift.credits:
        message = f"{known.credits} credits for the same holder were asked for before, and have no answer yet"
        raise UsageError("gift_unanswered", message, hint=f"First finish that one: --credits {known.credits}")
    return known


def unanswered(db: sqlite3.Connection, receipt_id: str, holder: str) -> WantedGift | None:
    row = db.execute(
        "SELECT idempotency_key, receipt_id, holder, credits FROM gifts"
        " WHERE receipt_id = ? AND holder = ? AND token IS NULL",
        (receipt_id, holder),
    ).fetchone()
    return None if row is None else WantedGift(*row)


def given(db: sqlite3.Connection, gift: WantedGift, token: str) -> None:
    """Keep the receiver's receipt: it is his alone to use, and may have to be handed to him again."""
    db.execute("UPDATE gifts SET token = ? WHERE idempotency_key = ?", (token, gift.idempotency_key))


def refused(db: sqlite3.Connection, gift: WantedGift) -> None:
    db.execute("DELETE FROM gifts WHERE idempotency_key = ? AND token IS NULL", (gift.idempotency_key,))


@dataclass(frozen=True, slots=True)
class ReceivedCredits:
    """A verified receipt of the seller at `origin`, bound to this wallet's key; he counts `credits` on it."""

    origin: str
    receipt: Receipt
    token: str
    request: PaymentRequest
    credits: int


def receive(db: sqlite3.Connection, received: ReceivedCredits, new_id: str) -> HeldReceipt:
    """Keep a receipt that somebody gave to this wallet's key: a purchase that cost it nothing. Once."""
    found, request = received.receipt, received.request
    (known,) = db.execute("SELECT count(*) FROM receipts WHERE id = ?", (found.id,)).fetchone()
    if not known:
        db.execute(
            "INSERT INTO purchases (id, origin, product, credits, state, created_at, price_amount, price_currency,"
            " price_decimals, payment_request_id, payment_request_token, option_id, cost_amount, payer, external_id,"
            " draft, evidence, signed_at)"
            " VALUES (?1, ?2, ?3, ?4, 'paid', ?5, 0, ?6, ?7, ?8, ?9, ?10, 0, ?11, ?8, '{}', '{}', ?5)",
            (
                *(new_id, received.origin, request.order.product, received.credits, found.issued_at),
                *(request.price.currency, request.price.decimals),
                # Its payment request is its payer's, and may come with other gifts: the receipt stands for it.
                *(found.id, found.payment_request_token, found.payment_option_id, GIFT),
            ),
        )
        receipts.keep(db, new_id, found, received.token)
    return receipts.find(db, found.id)
