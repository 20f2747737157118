"""The receipt: a verifiable credential (VC 1.1, JWT form) that a payment request was paid.

The form is that of agentcommercekit 0.11: `jti` a urn:uuid, `nbf`, no `aud`, the 2018 context. Ours is also
bound to its holder's key: `cnf.jkt` (RFC 7800, RFC 9449 section 6.1), so that a stolen one is worth nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.keys import PublicKey
from shared.tokens import fields, jws
from shared.tokens.jws import TokenError
from shared.tokens.status_list import ListedStatus, entry_claim, read_entry

CONTEXT = "https://www.w3.org/2018/credentials/v1"
TYPES = ("VerifiableCredential", "PaymentReceiptCredential")

URN_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt; times are Unix seconds, `issuer` and `payer` DIDs, `id` is "urn:uuid:…".

    `holder_thumbprint` is the JWK thumbprint of the key that it is bound to; None makes it a bearer receipt.
    `status` is where its issuer says whether it was revoked; None where it says so nowhere.
    """

    id: str
    issuer: str
    payer: str
    issued_at: int
    expires_at: int
    payment_request_token: str
    payment_option_id: str
    metadata: Mapping[str, Any]
    holder_thumbprint: str | None
    status: ListedStatus | None = None


def claims(receipt: Receipt) -> dict[str, Any]:
    """Return the claims of `receipt`."""
    bound = {} if receipt.holder_thumbprint is None else {"cnf": {"jkt": receipt.holder_thumbprint}}
    listed = {} if receipt.status is None else {"credentialStatus": entry_claim(receipt.status)}
    return {
        "iss": receipt.issuer,
        "sub": receipt.payer,
        "nbf": receipt.issued_at,
        "exp": receipt.expires_at,
        "jti": receipt.id,
        **bound,
        "vc": {
            "@context": [CONTEXT],
            "type": list(TYPES),
            "credentialSubject": {
                "paymentRequestToken": receipt.payment_request_token,
                "paymentOptionId": receipt.payment_option_id,
                "metadata": dict(receipt.metadata),
            },
            **listed,
        },
    }


def verify(token: str, issuers: Mapping[str, Sequence[PublicKey]], *, now: int) -> Receipt:
    """Return the receipt that one of the trusted `issuers` (DID → keys) signed; TokenError otherwise.

    ValueError when `issuers` is empty: a verifier that trusts nobody in particular trusts everybody.
    Whether its payment request is ours, what it bought, and whether it was revoked, is for the caller to look up.
    """
    if not issuers:
        raise ValueError("a receipt is verified against a list of trusted issuers")
    unverified = jws.read(token)
    issuer = fields.text(unverified.payload, "iss")
    if issuer not in issuers:
        raise TokenError("untrusted_issuer", "the receipt's issuer is not one that we trust")
    payload = unverified.verified_by(issuers[issuer], typ="JWT")
    fields.refuse_audience(payload)
    issued_at, expires_at = fields.check_started(payload, "nbf", now), fields.whole(payload, "exp")
    fields.check_running(expires_at, now)
    credential = credential_of(payload)
    subject = fields.mapping(credential, "credentialSubject")
    return Receipt(
        id=fields.matching(payload, "jti", URN_UUID),
        issuer=issuer,
        payer=fields.matching(payload, "sub", DID),
        issued_at=issued_at,
        expires_at=expires_at,
        payment_request_token=fields.text(subject, "paymentRequestToken"),
        payment_option_id=fields.text(subject, "paymentOptionId"),
        metadata=fields.mapping(subject, "metadata") if "metadata" in subject else {},
        holder_thumbprint=_thumbprint(payload),
        status=read_entry(credential),
    )


def subject_of(payload: fields.Fields) -> dict[str, Any]:
    """Return the subject of the payment receipt credential in another issuer's claims; TokenError for any other."""
    credential = credential_of(payload)
    if "credentialStatus" in credential:
        # Nobody asks that issuer's status list whether it was revoked, so it cannot count as good.
        raise TokenError("status_unchecked", "the receipt has a status list, which is not supported")
    return fields.mapping(credential, "credentialSubject")


def credential_of(payload: fields.Fields) -> dict[str, Any]:
    """Return the credential in a payment receipt's claims; TokenError for one of another kind."""
    credential = fields.mapping(payload, "vc")
    if credential.get("@context") != [CONTEXT] or credential.get("type") != list(TYPES):
        raise TokenError("wrong_type", "this is not a payment receipt credential")
    return credential


def _thumbprint(payload: fields.Fields) -> str | None:
    """A `cnf` of another kind binds the receipt to something we cannot check: refused, never ignored."""
    if "cnf" not in payload:
        return None
    confirmation = fields.mapping(payload, "cnf")
    if confirmation.keys() != {"jkt"}:
        raise fields.bad("cnf", "binds the receipt in a way that is not supported")
    return fields.matching(confirmation, "jkt", _THUMBPRINT)
