"""A purchase as the wallet has it: one row, read whole."""

import json
from dataclasses import dataclass
from typing import Protocol

from buyer.payers.base import PaymentDraft
from buyer.purchase import evidence
from buyer.purchase.machine import PurchaseState
from shared.dialects.base import Evidence
from shared.money import Money
from shared.text import clean


@dataclass(frozen=True, slots=True)
class PurchaseKind:
    """What makes two purchases the same intention, of which one at most is open."""

    origin: str
    product: str
    credits: int

    def __str__(self) -> str:
        """For messages: without the product, which is the seller's own word."""
        return f"{self.credits} credits at {self.origin}"

    def in_full(self) -> str:
        """For people alone."""
        return clean(f"{self.credits} of {self.product} at {self.origin}")

    def sellers_words(self) -> dict[str, str]:
        """What in it is the seller's own word, for `seller_says`."""
        return {"product": clean(self.product)}


@dataclass(frozen=True, slots=True)
class Purchase:
    """A stored purchase. `price` is the first one that the seller asked: a later 402 may not ask more.

    What follows `expires_at` is there once it is signed: the payer's id, and its draft and the evidence as JSON.
    Times in Unix seconds. `counted` is whether budgets count its cost as spent.
    """

    id: str
    kind: PurchaseKind
    state: PurchaseState
    price: Money | None
    payment_request_id: str | None
    payment_request_token: str | None
    option_id: str | None
    expires_at: int | None
    payer: str | None
    external_id: str | None
    draft_document: str | None
    evidence_document: str | None
    created_at: int
    counted: bool

    @property
    def draft(self) -> PaymentDraft:
        """The stored draft of a signed purchase."""
        return PaymentDraft(
            payment_request_token=_there(self.payment_request_token),
            option_id=_there(self.option_id),
            external_id=_there(self.external_id),
            resources=(),
            document=json.loads(_there(self.draft_document)),
        )

    @property
    def evidence(self) -> Evidence:
        """The stored evidence of a signed purchase."""
        token, option_id = _there(self.payment_request_token), _there(self.option_id)
        return evidence.read(_there(self.evidence_document), payment_request_token=token, option_id=option_id)


@dataclass(frozen=True, slots=True)
class RehearsedPurchase:
    """What buying would do now. `amount`, `recipient` and `network` are None for what is signed already."""

    kind: PurchaseKind
    price: Money
    amount: Money | None
    recipient: str | None
    network: str | None
    needs_approval: bool


class AskedPayment(Protocol):
    """What is stored of what a seller asks; `expires_at` in Unix seconds."""

    @property
    def id(self) -> str: ...

    @property
    def expires_at(self) -> int: ...

    @property
    def price(self) -> Money: ...


# A purchase that is paid without a receipt, or the answer to a call, was released: whatever counts the spent counts
# it as well.
STATE = (
    "CASE WHEN state = 'paid' AND NOT EXISTS (SELECT 1 FROM receipts WHERE purchase_id = purchases.id)"
    " AND NOT EXISTS (SELECT 1 FROM paid_calls WHERE purchase_id = purchases.id AND answered_at IS NOT NULL)"
    " THEN 'released' ELSE state END"
)
# The one rule of what is spent: all that was ever debited, and not given back.
COUNTED = (
    "(state IN ('signed', 'paid') OR (state = 'abandoned' AND cost_amount IS NOT NULL AND NOT given_back))"
)
SELECT = (
    f"SELECT id, origin, product, credits, {STATE}, price_amount, price_currency, price_decimals,"  # noqa: S608  text of ours
    " payment_request_id, payment_request_token, option_id, expires_at, payer, external_id, draft, evidence,"
    f" created_at, {COUNTED} FROM purchases"
)


def of_row(row: tuple[object, ...]) -> Purchase:
    """The purchase in a row of `SELECT`."""
    identity, origin, product, credit_count, state, amount, currency, decimals, *rest, counted = row
    price = None if amount is None else Money(amount, currency, decimals)  # type: ignore[arg-type] # sqlite3 is untyped
    kind = PurchaseKind(origin, product, credit_count)  # type: ignore[arg-type] # sqlite3 is untyped
    details = (*rest, bool(counted))
    return Purchase(identity, kind, state, price, *details)  # type: ignore[arg-type] # sqlite3 is untyped


def _there(value: str | None) -> str:
    """What the schema holds to be there in a signed purchase."""
    assert value is not None
    return value
