"""ACK-Pay on the wire: the seller's challenge, the payer's claim that it has paid, and the answer to it.

The claim is what ACK's receipt service takes (`POST {"payload": <JWT signed by the payer>}`); the challenge
is ACK Lab's raw token or the ACK demo's JSON.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared import strict_json
from shared.dialects.base import (
    AnswerParts,
    Evidence,
    HeaderLines,
    Offer,
    Paid,
    PaymentOutcome,
    Refusal,
    Response402Parts,
    Settling,
    StoredRequest,
)
from shared.keys import InvalidKeyError, PublicKey, SigningKey
from shared.problem import Problem
from shared.tokens import fields, jws, prt
from shared.tokens.jws import TokenError

MAX_CLAIM_BYTES = 49152  # a payment request token and a transaction, in base64 twice
MAX_SHOWN = 16384  # bytes of a transaction, or of whatever else a payment is shown with
CLAIM_LIFETIME = 600  # seconds
TRANSACTION = "transaction"

_TEXT_TYPES = ("application/jwt", "text/plain")
_JSON_TYPES = ("application/json", "application/problem+json")


class Ack:
    """The challenge is the raw token (ACK Lab); what was refused until it is paid says so in problem details."""

    id = "ack"

    def challenge(self, offer: Offer) -> Response402Parts:
        if offer.problem is not None:
            return Response402Parts((), lambda: _json(_asking(offer)), "application/problem+json")
        return Response402Parts((), lambda: offer.token.encode("ascii"), "application/jwt")

    def read_payment(
        self, _headers: Mapping[str, str], body: Mapping[str, Any], *, now: int
    ) -> Evidence | None:
        payload = body.get("payload")
        return read_claim(payload, now=now) if isinstance(payload, str) else None

    def answer(self, outcome: PaymentOutcome, _shown: Evidence | None) -> AnswerParts:
        match outcome:
            case Paid():
                return AnswerParts(200, (), _json(paid_body(outcome)), "application/json")
            case Settling():
                return AnswerParts(202, (("Retry-After", "1"),), _settling(outcome), "application/json")
            case Refusal(problem, to_pay, headers):
                body = refusal_body(problem, to_pay)
                return AnswerParts(problem.status, headers, _json(body), "application/problem+json")

    def beside(self, _paid: Paid, _shown: Evidence, _status: int) -> HeaderLines:
        return ()


class AckJson(Ack):
    """The challenge is problem details that hold the token and what it says (the ACK demo's server)."""

    id = "ack-json"

    def challenge(self, offer: Offer) -> Response402Parts:
        if offer.problem is not None:
            return super().challenge(offer)
        return Response402Parts((), lambda: _json(_asking(offer)), "application/json")


def refusal_body(problem: Problem, to_pay: StoredRequest | None) -> dict[str, Any]:
    """Problem details; when paying is the remedy, with the PRT to pay and what it says."""
    if to_pay is None:
        return problem.body()
    paying = {"paymentRequestToken": to_pay.token, "paymentRequest": prt.claims(to_pay.request)}
    return replace(problem, extra={**problem.extra, **paying}).body()


def paid_body(paid: Paid) -> dict[str, Any]:
    """The receipt, the buckets of its credits, and what it was paid for."""
    return {
        "receipt": paid.receipt,
        "credits": dict(paid.credits),
        "payment_request_id": paid.payment_request_id,
    }


def _asking(offer: Offer) -> dict[str, Any]:
    detail = f"Pay {offer.request.price} to get {offer.request.order.credits} credits."
    asked = Problem(402, "payment_required", "Payment required", detail, retryable=True)
    return refusal_body(offer.problem or asked, offer)


def _settling(outcome: Settling) -> bytes:
    return _json(
        {
            "payment_request_id": outcome.payment_request_id,
            "state": "settling",
            "transaction": outcome.external_id,
            "confirmations": outcome.confirmations,
            "required": outcome.required,
        }
    )


def _json(value: Any) -> bytes:
    return strict_json.dumps(value).encode()


def claim_token(evidence: Evidence, key: SigningKey, *, now: int) -> str:
    """Return the claim signed by the payer's `key`: the "payload" of POST /api/payments."""
    if evidence.payer != key.public.did:
        raise ValueError("a payment claim is signed by its payer")
    return jws.sign(
        {
            "iss": evidence.payer,
            "iat": now,
            "exp": now + CLAIM_LIFETIME,
            "paymentRequestToken": evidence.payment_request_token,
            "paymentOptionId": evidence.option_id,
            "payerDid": evidence.payer,
            "metadata": {"network": evidence.network, **_spelled(evidence.payload)},
        },
        key,
    )


def read_claim(token: str, *, now: int) -> Evidence:
    """Return the evidence that its own payer signed within the last ten minutes; TokenError otherwise.

    `exp` may be absent (ACK's client sets none): the claim's age bounds it all the same.
    """
    unverified = jws.read(token, max_bytes=MAX_CLAIM_BYTES)
    payer = fields.text(unverified.payload, "payerDid")
    try:
        key = PublicKey.from_did_key(payer)
    except InvalidKeyError as error:
        raise TokenError("bad_key", str(error)) from error
    payload = unverified.verified_by((key,), typ="JWT")
    if payload.get("iss") != payer:
        raise TokenError("wrong_issuer", "a payment claim is signed by its payer")
    fields.refuse_audience(payload)
    issued_at = fields.check_started(payload, "iat", now)
    fields.check_running(issued_at + CLAIM_LIFETIME, now)
    if "exp" in payload:
        fields.check_running(fields.whole(payload, "exp"), now)
    metadata = fields.mapping(payload, "metadata")
    return Evidence(
        payment_request_token=fields.text(payload, "paymentRequestToken"),
        option_id=fields.text(payload, "paymentOptionId"),
        payer=payer,
        network=fields.text(metadata, "network"),
        payload=_payload(metadata),
        # Of what was signed, to the letter: another spelling of the signature makes no other claim.
        showing=hashlib.sha256(unverified.signed).hexdigest(),
    )


def read_challenge(body: bytes, content_type: str) -> str:
    """Return the payment request token in the body of a 402; TokenError when there is none of good form.

    Its signature is not checked here: whose it must be is for the buyer to say.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        if media_type in _TEXT_TYPES:
            token: object = body.decode("ascii").strip()
        elif media_type in _JSON_TYPES:
            value = strict_json.loads(body)
            token = value.get("paymentRequestToken") if isinstance(value, dict) else None
        else:
            raise TokenError("unknown_challenge", f"cannot read a challenge of type {media_type[:80]!r}")
    except ValueError as error:
        if isinstance(error, TokenError):
            raise
        raise TokenError("malformed", f"the challenge cannot be read: {error}") from error
    if not isinstance(token, str):
        raise TokenError("unknown_challenge", "the challenge holds no payment request token")
    jws.read(token)
    return token


def _spelled(payload: Mapping[str, str | bytes]) -> dict[str, Any]:
    """Bytes as {"base64": …}; those of a Cardano transaction as base64 alone, as ACK's payers send them."""
    if "network" in payload or not isinstance(payload.get(TRANSACTION, b""), bytes):
        raise ValueError("the network is no part of what is shown, and a transaction is shown in bytes")
    spelled: dict[str, Any] = {}
    for name, value in payload.items():
        text = value if isinstance(value, str) else base64.b64encode(value).decode("ascii")
        spelled[name] = {"base64": text} if isinstance(value, bytes) and name != TRANSACTION else text
    return spelled


def _payload(metadata: Mapping[str, Any]) -> dict[str, str | bytes]:
    """What the metadata shows beside the network; what is neither text nor bytes says nothing to a rail."""
    if "txHash" in metadata and TRANSACTION in metadata:
        raise fields.bad("metadata", "has both txHash and transaction")
    shown = {
        name: _shown(name, value)
        for name, value in metadata.items()
        if name != "network" and (name == TRANSACTION or isinstance(value, str) or _holds_bytes(value))
    }
    if not shown:
        raise fields.bad("metadata", "shows no payment")
    return shown


def _holds_bytes(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"base64"}


def _shown(name: str, value: Any) -> str | bytes:
    if name == TRANSACTION:
        return _bytes(name, value)
    return value if isinstance(value, str) else _bytes(name, value["base64"])


def _bytes(name: str, value: object) -> bytes:
    where = "metadata.transaction" if name == TRANSACTION else "metadata"
    try:
        raw = base64.b64decode(value) if isinstance(value, str) else b""
    except (binascii.Error, ValueError) as error:
        raise fields.bad(where, "is not base64") from error
    if not 0 < len(raw) <= MAX_SHOWN or base64.b64encode(raw).decode("ascii") != value:
        raise fields.bad(where, f"is not base64 of 1 to {MAX_SHOWN} bytes")
    return raw
