"""A payment receipt of any issuer, by ACK-Pay's claims alone, for who paid and shows it; ours are read by `receipt.py`.

What its issuer leaves open stays open: it may never expire, and say nothing of a status. Whether it was revoked is not
asked: it was issued just now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.keys import PublicKey
from shared.tokens import fields, jws, plain_request, receipt
from shared.tokens.jws import TokenError
from shared.tokens.plain_request import PlainRequest


@dataclass(frozen=True, slots=True)
class PlainReceipt:
    """`payer` is a DID; `bound` is whether its payer has to prove a key besides, so that no bearer can use it."""

    issuer: str
    payer: str
    request: PlainRequest
    option_id: str
    bound: bool


def issuer_of(token: str) -> str:
    """Return whom a receipt names as its issuer, its signature unchecked. Errors: TokenError."""
    return fields.text(jws.read(token).payload, "iss")


def verify(token: str, issuers: Mapping[str, Sequence[PublicKey]], *, now: int) -> PlainReceipt:
    """Return what one of the trusted `issuers` (DID → keys) says was paid. Errors: TokenError."""
    unverified = jws.read(token)
    issuer = fields.text(unverified.payload, "iss")
    if issuer not in issuers:
        raise TokenError("untrusted_issuer", "the receipt is not from who was to issue it")
    payload = unverified.verified_by(issuers[issuer], typ="JWT")
    fields.refuse_audience(payload)
    fields.check_started(payload, "nbf", now)
    if "exp" in payload:
        fields.check_running(fields.whole(payload, "exp"), now)
    subject = fields.mapping(receipt.credential_of(payload), "credentialSubject")
    found = PlainReceipt(
        issuer=issuer,
        payer=fields.matching(payload, "sub", receipt.DID),
        request=plain_request.read(fields.text(subject, "paymentRequestToken")),
        option_id=fields.text(subject, "paymentOptionId"),
        bound="cnf" in payload,
    )
    if found.option_id not in {option.id for option in found.request.options}:
        raise TokenError("unknown_option", "the receipt is for an option that its payment request has not")
    return found
