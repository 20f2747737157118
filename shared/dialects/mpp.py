"""MPP, the `Payment` HTTP authentication scheme (draft-httpauth-payment-00): a challenge for each method as a line of
`WWW-Authenticate`, the payment as `Authorization: Payment`, what came of it as `Payment-Receipt`.

A challenge's id names the stored payment request, its signature and the option: the request is looked up by it, and
what else a payer gives back is compared, never believed. `externalId` is the PRT's SHA-256 in hex.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from shared import strict_json
from shared.dialects.ack import paid_body, refusal_body
from shared.dialects.base import (
    Accepted,
    AnswerParts,
    ChargeTerms,
    Evidence,
    HeaderLines,
    Offer,
    Paid,
    PaymentOutcome,
    Refusal,
    Response402Parts,
    Settling,
)
from shared.dialects.payloads import payload_of
from shared.problem import Problem
from shared.tokens import base64url, fields
from shared.tokens.jws import TokenError
from shared.tokens.prt import iso_time, token_hash

INTENT = "charge"
SUCCESS = range(200, 300)
CHALLENGE, CREDENTIAL, RECEIPT = "WWW-Authenticate", "Authorization", "Payment-Receipt"
#: of the header that shows a payment: a transaction in base64 twice, and the challenge, given back
MAX_HEADER = 49152
#: of `Accept-Payment`: what says more is not heeded
MAX_RANGES = 16
PROBLEMS = "https://paymentauth.org/problems/"
#: the draft's words for what this seller refuses; the rest have no word there
SLUGS = {
    "payment_required": "payment-required",
    "credits_exhausted": "payment-required",
    "payment_insufficient": "payment-insufficient",
    "payment_request_expired": "payment-expired",
    "payment_mismatch": "verification-failed",
    "claim_invalid": "invalid-challenge",
    "claim_used": "invalid-challenge",
    "payment_request_paid": "invalid-challenge",
    "payment_already_used": "verification-failed",
}
_METHOD, _INTENT = re.compile(r"[a-z]+|\*"), re.compile(r"[A-Za-z0-9-]+|\*")
_WEIGHT = re.compile(r"[qQ]=([01](?:\.[0-9]{0,3})?)")
#: what stands where the PRT's hash is put: no text can hold it, for a text's quotes are escaped
_HASH = '"externalId":""'


class Mpp:
    """The 402 is a header line for each method; its body is the draft's problem details."""

    id = "mpp"

    def challenge(self, offer: Offer) -> Response402Parts:
        return Response402Parts(_challenges(offer), lambda: _asking(offer), "application/problem+json")

    def read_payment(
        self,
        headers: Mapping[str, str],
        _body: Mapping[str, Any],
        *,
        now: int,  # noqa: ARG002  nothing here has a time
    ) -> Evidence | None:
        scheme, _, shown = headers.get(CREDENTIAL.lower(), "").partition(" ")
        return _evidence(_decoded(shown)) if scheme.lower() == "payment" else None

    def answer(self, outcome: PaymentOutcome, shown: Evidence | None) -> AnswerParts:
        match outcome:
            case Paid():
                lines = self.beside(outcome, shown, 200)
                return AnswerParts(200, lines, _json(paid_body(outcome)), "application/json")
            case Settling():
                body = _json(outcome.pending().body())
                return AnswerParts(409, (("Retry-After", "1"),), body, "application/problem+json")
            case Refusal(problem, to_pay, headers):
                asked = _challenges(to_pay) if to_pay is not None else ()
                body = _json(_worded(refusal_body(problem, to_pay)))
                return AnswerParts(problem.status, (*headers, *asked), body, "application/problem+json")

    def beside(self, paid: Paid, shown: Evidence | None, status: int) -> HeaderLines:
        if status not in SUCCESS:
            return ()  # the draft has receipts on success alone
        told = {
            "status": "success",
            "method": "" if shown is None else shown.method,
            "timestamp": iso_time(paid.settled_at),
            "reference": paid.external_id,
            "receipt": paid.receipt,
        }
        return ((RECEIPT, base64url.encode(_json(told))),)


def preferred(charges: tuple[ChargeTerms, ...], accept_payment: str) -> tuple[ChargeTerms, ...]:
    """Those that the client takes, the best first, by its `Accept-Payment`; all of them where it takes none."""
    if not accept_payment:
        return charges
    try:
        weights = dict(map(_range, accept_payment.split(",")[:MAX_RANGES]))
    except ValueError:
        return charges

    def weight(charge: ChargeTerms) -> float:
        ways = ((charge.method, INTENT), (charge.method, "*"), ("*", INTENT), ("*", "*"))
        return next((weights[way] for way in ways if way in weights), 0.0)

    taken = sorted((charge for charge in charges if weight(charge) > 0), key=weight, reverse=True)
    return tuple(taken) or charges


def _range(text: str) -> tuple[tuple[str, str], float]:
    """A method and an intent, either may be `*`, and their weight. Errors: ValueError."""
    way, weighted, weight = (part.strip() for part in text.partition(";"))
    method, _, intent = way.partition("/")
    found = _WEIGHT.fullmatch(weight)
    if not _METHOD.fullmatch(method) or not _INTENT.fullmatch(intent) or (weighted and found is None):
        raise ValueError("no range of payments")
    return (method, intent), 1.0 if found is None else float(found[1])


def _challenges(offer: Offer) -> HeaderLines:
    digest = token_hash(offer.token).hex()
    realm, expires = _realm(offer.url), iso_time(offer.request.expires_at)
    charges = preferred(offer.wordings.charges, offer.accept_payment)
    return tuple((CHALLENGE, _challenge(offer, charge, realm, digest, expires)) for charge in charges)


def _challenge(offer: Offer, charge: ChargeTerms, realm: str, digest: str, expires: str) -> str:
    return (
        f'Payment id="{offer.reference}.{charge.option_id}", realm="{realm}", method="{charge.method}", '
        f'intent="{INTENT}", request="{_request(charge, digest)}", expires="{expires}"'
    )


@lru_cache(maxsize=64)
def _realm(url: str) -> str:
    return urlsplit(url).netloc


def _request(charge: ChargeTerms, digest: str) -> str:
    return base64url.encode(_template(charge).replace(_HASH, f'"externalId":"{digest}"', 1).encode())


@lru_cache(maxsize=256)
def _template(charge: ChargeTerms) -> str:
    """The request in canonical JSON, for every payment request that has this option."""
    said = {
        "amount": str(charge.amount),
        "currency": charge.currency,
        "externalId": "",
        "methodDetails": dict(charge.details),
        "recipient": charge.recipient,
    }
    return strict_json.canonical(said).decode()


def _asking(offer: Offer) -> bytes:
    detail = f"Pay {offer.request.price} to get {offer.request.order.credits} credits."
    asked = Problem(402, "payment_required", "Payment required", detail, retryable=True)
    return _json(_worded(refusal_body(offer.problem or asked, offer)))


def _worded(body: dict[str, Any]) -> dict[str, Any]:
    """With the draft's own type, where it has one."""
    slug = SLUGS.get(body["code"])
    return body if slug is None else body | {"type": PROBLEMS + slug}


def _evidence(said: Mapping[str, Any]) -> Evidence:
    challenge = fields.mapping(said, "challenge")
    if fields.text(challenge, "intent") != INTENT:
        raise fields.bad("challenge.intent", f"is not {INTENT}")
    request = _decoded(fields.text(challenge, "request"))
    request_id, signature, option_id = _named(fields.text(challenge, "id"))
    return Evidence(
        payment_request_token="",
        option_id=option_id,
        payer="",
        network=fields.text(fields.mapping(request, "methodDetails"), "network"),
        payload=payload_of(said),
        reference=f"{request_id}.{signature}",
        accepted=Accepted(fields.text(request, "amount"), fields.text(request, "recipient")),
        method=fields.text(challenge, "method"),
    )


def _named(challenge_id: str) -> tuple[str, str, str]:
    request_id, _, rest = challenge_id.partition(".")
    signature, dot, option_id = rest.partition(".")
    if not dot:
        raise fields.bad("challenge.id", "is none of this seller's")
    return request_id, signature, option_id


def _decoded(text: str) -> Mapping[str, Any]:
    if len(text) > MAX_HEADER:
        raise TokenError("too_long", f"{CREDENTIAL} has more than {MAX_HEADER} characters")
    try:
        said = strict_json.loads(base64url.decode(text.rstrip("=")))
    except ValueError as error:
        raise TokenError("malformed", f"a payment is base64url of JSON: {error}") from error
    if not isinstance(said, dict):
        raise TokenError("malformed", "a payment is a JSON object")
    return said


def _json(value: Any) -> bytes:
    return strict_json.dumps(value).encode()
