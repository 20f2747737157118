"""The papers of an honest seller: payment requests and receipts, unsigned."""

import uuid
from collections.abc import Mapping, Sequence

from shared.keys import PublicKey, SigningKey
from shared.money import Money, convert
from shared.tokens import jws
from shared.tokens.prt import Order, PaymentOption, PaymentRequest
from shared.tokens.receipt import Receipt
from shared.tokens.status_list import StatusList, ack_claims, ack_document
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


def status_list(
    origin: str, key: SigningKey, did: str, revoked: Sequence[int], now: int
) -> Mapping[str, object]:
    """The first list of that seller, as ACK's package reads one."""
    listed = StatusList(f"{origin}/api/status-lists/0", did, revoked, now, now + 900)
    return ack_document(listed, jws.sign(ack_claims(listed), key))
