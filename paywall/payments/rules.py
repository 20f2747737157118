"""Does a checked payment pay a payment request? Pure."""

from dataclasses import dataclass
from typing import Literal

from paywall.errors import ClaimInvalid
from shared.dialects.base import Evidence, StoredRequest
from shared.tokens.prt import PaymentOption, PaymentRequest

#: why a payment does not pay a request, by the code of the refusal
Reason = Literal[
    "payment_insufficient",
    "payment_request_expired",
    "paid_late",
    "payment_pending",
    "payment_request_paid",
    "payment_reversed",
]


@dataclass(frozen=True, slots=True)
class Refused:
    """A payment that does not pay. Where its money has moved, it is kept for a person under this reason."""

    reason: Reason


def payer_of(evidence: Evidence, request: PaymentRequest, owners: frozenset[str], *, moved: bool) -> str:
    """The DID of the one who paid, where he may claim this payment.

    A transaction is public once it is on chain: without this, whoever sees it first could claim it. The
    payer is the request's holder or, where it names none, a key that signed the payment and owned what it spent.
    To have signed is not enough: signatures are no part of a transaction, and anybody can add one.

    Evidence that nobody signed is the payment itself, which its payer alone can show until its money has `moved`.
    Errors: ClaimInvalid.
    """
    holder = request.order.holder
    allowed = {holder} if holder else owners
    if not evidence.payer and not moved and allowed:
        return min(allowed)
    if evidence.payer not in allowed:
        raise ClaimInvalid(
            "The claim is not signed by the payer: neither the request's holder nor a key whose money was paid."
        )
    return evidence.payer


def shortcoming(
    amount: int, paid_at: int | None, option: PaymentOption, request: PaymentRequest, now: int
) -> Refused | None:
    """Why a payment of `amount` does not pay the request, or None. `paid_at` None: no money has moved yet."""
    if amount < int(option.amount):
        return Refused("payment_insufficient")
    if paid_at is None:
        return Refused("payment_request_expired") if now >= request.expires_at else None
    return Refused("paid_late") if paid_at > request.expires_at else None


def to_pay(stored: StoredRequest, now: int) -> StoredRequest | None:
    """What a 402 asks for, while paying it is the remedy: a machine would pay an expired one too."""
    return None if now >= stored.request.expires_at else stored
