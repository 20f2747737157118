"""The papers of an honest seller: payment requests and receipts, unsigned, and its signed status list."""

import uuid
from collections.abc import Sequence
from typing import Any

from shared.keys import PublicKey, SigningKey
from shared.money import Money, convert
from shared.tokens import jws
from shared.tokens import status_list as lists
from shared.tokens.prt import Order, PaymentOption, PaymentRequest
from shared.tokens.receipt import Receipt
from shared.tokens.status_list import StatusList
from tests.support.hostile.custody import NETWORK

RATE = "0.50 USD"
LIFETIME = 900


def request(did: str, address: str, cents: int, order: Order, *, now: int) -> PaymentRequest:
    """A payment request for `order`, payable in ADA at `RATE`."""
    price = Money(cents, "USD", 2)
    ada = convert(price, Money.parse(RATE), 6, "ADA")
    option = PaymentOption("cardano", ada.amount, 6, "ADA", address, NETWORK)
    return PaymentRequest(
        str(uuid.uuid4()), did, "credits", now, now + LIFETIME, None, price, order, (option,)
    )


def receipt(did: str, payer: str, token: str, order: Order, *, now: int) -> Receipt:
    """The receipt for a payment request's token, bound to the order's holder."""
    return Receipt(
        id=f"urn:uuid:{uuid.uuid4()}",
        issuer=did,
        payer=payer,
        issued_at=now,
        expires_at=now + 365 * 86_400,
        payment_request_token=token,
        payment_option_id="cardano",
        metadata={},
        holder_thumbprint=None if order.holder is None else PublicKey.from_did_key(order.holder).thumbprint,
    )


def status_list(url: str, key: SigningKey, revoked: Sequence[int], *, now: int) -> dict[str, Any]:
    """A status list in the form of npm agentcommercekit."""
    listed = StatusList(url, key.public.did, revoked, now, now + 900)
    return lists.ack_document(listed, jws.sign(lists.ack_claims(listed), key))
