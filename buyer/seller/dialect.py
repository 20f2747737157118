"""Binds the buyer's dialect to HTTP: what a 402 asks, how a payment is claimed, what is answered. It speaks ACK-Pay."""

from typing import Any

from buyer.errors import SellerFault
from buyer.seller.http import Reply, refusal
from shared.dialects import ack
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.text import clean
from shared.tokens.jws import TokenError

PAYMENTS_PATH = "/api/payments"
PAYMENT_REQUIRED, ACCEPTED = 402, 202
PENDING = "payment_pending"
LONGEST_COUNT = 10


def challenge(reply: Reply) -> str:
    """The payment request token of the 402 that answered an order. Errors: those of `refusal`, SellerFault."""
    if reply.status != PAYMENT_REQUIRED:
        if not reply.refuses:
            raise SellerFault(
                "no_payment_request", f"an order was answered with {reply.status} and not with 402"
            )
        raise refusal(reply)
    try:
        return offered(reply)
    except TokenError as error:
        message, said = "the 402 holds no payment request that can be read", {"detail": str(error)}
        raise SellerFault("payment_request_invalid", message, seller_says=said) from error


def offered(reply: Reply) -> str:
    """The payment request token in a 402's body. Errors: TokenError."""
    return ack.read_challenge(reply.body, reply.content_type)


def payment(evidence: Evidence, key: SigningKey, *, now: int) -> dict[str, Any]:
    """The JSON body that claims a payment. The evidence is the same at every attempt, whoever makes it."""
    return {"payload": ack.claim_token(evidence, key, now=now)}


def receipt(reply: Reply) -> str | None:
    """The receipt's token in the answer to a claim that was taken; None when there is none."""
    token = reply.json().get("receipt")
    return token if isinstance(token, str) else None


def settling(reply: Reply) -> bool:
    """Whether the answer to a claim says neither yes nor no."""
    return reply.status == ACCEPTED or reply.problem().code == PENDING


def progress(reply: Reply) -> str | None:
    """How far a payment is that the seller took and does not call final yet, in words."""
    if reply.status != ACCEPTED:
        return None
    answer = reply.json()
    reached = clean(answer.get("confirmations", 0), LONGEST_COUNT)
    required = clean(answer.get("required", "?"), LONGEST_COUNT)
    return f"settling: the seller counts {reached} of {required} confirmations"
