"""ACK Lab's receipt, and whether it says that a payment option of ours was paid. Pure.

Verifiers of ACK let pass what is refused here: an option that the request does not have, two of one id, `sub` other
than `id`, a request of somebody else's, an issuer that is not the option's, metadata that tell of less.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paywall.errors import ClaimInvalid, PaymentMismatch
from shared import acklab_service
from shared.keys import PublicKey
from shared.money import Money, MoneyError
from shared.tokens import fields, jws, plain_request, receipt
from shared.tokens.jws import TokenError
from shared.tokens.plain_request import PlainRequest
from shared.tokens.prt import PaymentOption

_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LabReceipt:
    """A receipt as it reads; until `verify` nobody vouches for it. `paid_at` is when it was issued (Unix seconds)."""

    token: str
    issuer: str
    id: str
    payer: str
    paid_at: int
    request: PlainRequest
    option_id: str
    metadata: Mapping[str, Any]


def read(token: str) -> LabReceipt:
    """Errors: ClaimInvalid."""
    try:
        _, payload = jws.unverified(token)
        fields.refuse_audience(payload)
        subject = receipt.subject_of(payload)
        return LabReceipt(
            token=token,
            issuer=fields.text(payload, "iss"),
            id=fields.matching(payload, "jti", receipt.URN_UUID),
            payer=fields.matching(payload, "sub", receipt.DID),
            paid_at=fields.whole(payload, "nbf"),
            request=plain_request.read(fields.text(subject, "paymentRequestToken")),
            option_id=fields.text(subject, "paymentOptionId"),
            metadata=fields.mapping(subject, "metadata") if "metadata" in subject else {},
        )
    except TokenError as error:
        raise invalid(error) from error


def verify(found: LabReceipt, keys: Sequence[PublicKey], now: int) -> None:
    """That one of its issuer's `keys` signed it, and that it is valid now. Errors: ClaimInvalid."""
    try:
        payload = jws.verify(found.token, keys)
        fields.check_started(payload, "nbf", now)
        if "exp" in payload:
            fields.check_running(fields.whole(payload, "exp"), now)
    except TokenError as error:
        raise invalid(error) from error


def amount_paid(found: LabReceipt, request_id: str, asked: PaymentOption) -> int:
    """How much of `asked` the receipt says was paid, in its minor units. Errors: PaymentMismatch, ClaimInvalid."""
    request = found.request
    # Anybody may ask for money there under our request's id: it is ours when our agent asks.
    if (request.issuer, request.id) != (asked.recipient, request_id):
        raise PaymentMismatch(
            "The receipt is for another payment request than the one that was made for this."
        )
    paid = next((option for option in request.options if option.id == found.option_id), None)
    if paid is None:
        raise ClaimInvalid("The receipt is for a payment option that its payment request does not have.")
    if (paid.currency, paid.decimals) != (asked.currency, asked.decimals):
        raise PaymentMismatch(f"The receipt is for {paid.currency}; {asked.currency} was asked for.")
    if paid.recipient != asked.recipient:
        raise PaymentMismatch("The receipt is for a payment to somebody else.")
    service = paid.receipt_service or ""
    if service.startswith("did:") and service != found.issuer:
        raise ClaimInvalid("The receipt is not from the issuer that its payment request names.")
    return min(paid.amount, _said(found.metadata, paid.amount))


def _said(metadata: Mapping[str, Any], amount: int) -> int:
    """What the metadata say was paid, where they say it: a receipt that tells of two amounts is worth the smaller.

    A whole number is of cents, a text with a point of dollars.
    """
    said = metadata.get("amount", amount)
    if metadata.get("currency", acklab_service.CURRENCY) != acklab_service.CURRENCY:
        raise ClaimInvalid("The receipt's metadata tell of another currency than its payment request.")
    try:
        if isinstance(said, str):
            said = Money.parse(f"{said} {acklab_service.CURRENCY}").amount if "." in said else _digits(said)
    except MoneyError as error:
        raise _unreadable() from error
    if type(said) is not int or said < 0:
        raise _unreadable()
    return said


def _digits(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise _unreadable()
    return int(text)


def _unreadable() -> ClaimInvalid:
    return ClaimInvalid("The receipt's metadata tell of an amount that cannot be read.")


def invalid(error: TokenError) -> ClaimInvalid:
    return ClaimInvalid(f"The receipt does not hold: {error}.")
