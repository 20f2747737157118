"""x402 version 2 over HTTP: the 402 as `PAYMENT-REQUIRED`, the payment as `PAYMENT-SIGNATURE`, what came of it as
`PAYMENT-RESPONSE`; each is standard base64 of JSON.

The payment request stands in the 402 as the offer of x402's extension `offer-receipt`, which may hold any JWS. A payer
gives back one entry of `accepts` as it was: its `extra` names the request and the option.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from shared import strict_json
from shared.dialects.ack import paid_body
from shared.dialects.base import (
    Accepted,
    AnswerParts,
    CreditTerms,
    Evidence,
    ExactTerms,
    HeaderLines,
    Offer,
    Paid,
    PaymentOutcome,
    Refusal,
    Response402Parts,
    Settling,
    Wordings,
)
from shared.dialects.credit import credit_entry, shows_credit
from shared.dialects.payloads import payload_of
from shared.dialects.x402_extensions import extensions, identifier_of
from shared.dialects.x402_headers import REQUIRED, SIGNATURE, VERSION, decoded_header, encoded, response
from shared.tokens import fields
from shared.tokens.jws import TokenError

SCHEME = "exact"
#: where the request's name and its token are put: texts that nothing else here can be
_REFERENCE, _TOKEN = "\0", "\0\0"
#: x402's word for "settle the same payment again, never pay again"
PENDING = "settlement_pending"
#: what the names of the networks begin with that all of its clients know
EVM = "eip155:"


class X402:
    """The 402 is a header; its body says the same."""

    id = "x402"

    def challenge(self, offer: Offer) -> Response402Parts:
        if offer.accept_payment:
            # Who sends it speaks MPP, and some such clients fail on networks that they do not know.
            known = tuple(terms for terms in offer.wordings.exact if terms.network.startswith(EVM))
            offer = replace(offer, wordings=Wordings(known), credit=None)
        text = _required(offer)
        lines = ((REQUIRED, encoded(text)),) if offer.wordings.exact or offer.credit else ()
        return Response402Parts(lines, lambda: text, "application/x402+json")

    def read_payment(
        self,
        headers: Mapping[str, str],
        _body: Mapping[str, Any],
        *,
        now: int,  # noqa: ARG002  nothing here has a time
    ) -> Evidence | None:
        shown = headers.get(SIGNATURE.lower())
        if shown is None or shows_credit(said := decoded_header(SIGNATURE, shown)):
            return None  # credits that its payer has are no payment
        return _evidence(said)

    def answer(self, outcome: PaymentOutcome, shown: Evidence | None) -> AnswerParts:
        network = "" if shown is None else shown.network
        match outcome:
            case Paid():
                lines = self.beside(outcome, shown, 200)
                return AnswerParts(200, lines, _json(paid_body(outcome)), "application/json")
            case Settling():
                told = _failed(PENDING, outcome.external_id, network)
                headers = (*response(told), ("Retry-After", "1"))
                body = _json(outcome.pending().body())
                return AnswerParts(409, headers, body, "application/problem+json")
            case Refusal(problem, to_pay, headers):
                asked = response(_failed(problem.code, "", network)) if shown is not None else ()
                if to_pay is not None:
                    asked += self.challenge(replace(to_pay, problem=problem)).headers
                body = _json(problem.body())
                return AnswerParts(problem.status, (*headers, *asked), body, "application/problem+json")

    def beside(self, paid: Paid, shown: Evidence | None, status: int) -> HeaderLines:  # noqa: ARG002  with any
        told = {
            "success": True,
            "transaction": paid.external_id,
            "network": "" if shown is None else shown.network,
            "payer": payer_named(paid.payer),
            "extensions": {
                "offer-receipt": {"info": {"receipt": {"format": "jws", "signature": paid.receipt}}}
            },
        }
        return response(told)


def _required(offer: Offer) -> bytes:
    """JSON. Most of it is the same for all who ask for the same in the same words."""
    request = offer.request
    asked = offer.problem.detail if offer.problem is not None else f"Pay {request.price}."
    seconds = request.expires_at - request.issued_at
    credit = None if offer.credit is None else (offer.credit, request.issuer)
    said = _Said(offer.wordings.exact, credit, offer.url, offer.method, request.description, asked, seconds)
    before, between, behind = _template(said)
    named = f'"{offer.reference}"'
    return f'{before}{named.join(between)}"{offer.token}"{behind}'.encode()


class _Said(NamedTuple):
    """What a 402 says but for the request's name and its token. `credit` is with the seller's DID."""

    exact: tuple[ExactTerms, ...]
    credit: tuple[CreditTerms, str] | None
    url: str
    method: str
    description: str
    asked: str
    seconds: int


@lru_cache(maxsize=256)
def _template(said: _Said) -> tuple[str, tuple[str, ...], str]:
    """What stands before the first entry, what stands around each reference, and what follows the token."""
    owned = [] if said.credit is None else [credit_entry(*said.credit, said.url, said.seconds)]
    resource = {"url": said.url, "description": said.description}
    start = {"x402Version": VERSION, "error": said.asked, "resource": resource}
    offers = [{"format": "jws", "signature": _TOKEN}]
    end = {
        "accepts": [*(_entry(terms, said.seconds) for terms in said.exact), *owned],
        "extensions": {**extensions(said.method), "offer-receipt": {"info": {"offers": offers}}},
    }
    between, behind = strict_json.dumps(end)[1:].split(strict_json.dumps(_TOKEN))
    parts = tuple(between.split(strict_json.dumps(_REFERENCE)))
    return f"{strict_json.dumps(start)[:-1]},", parts, behind


def _entry(terms: ExactTerms, seconds: int) -> dict[str, Any]:
    return {
        "scheme": SCHEME,
        "network": terms.network,
        "amount": str(terms.amount),
        "asset": terms.asset,
        "payTo": terms.pay_to,
        "maxTimeoutSeconds": seconds,
        "extra": {**terms.extra, "paymentRequest": _REFERENCE, "paymentOptionId": terms.option_id},
    }


def _evidence(said: Mapping[str, Any]) -> Evidence:
    if said.get("x402Version") != VERSION:
        raise TokenError("unknown_version", f"x402 is spoken in version {VERSION} here")
    accepted = fields.mapping(said, "accepted")
    if fields.text(accepted, "scheme") != SCHEME:
        raise fields.bad("accepted.scheme", f"is not {SCHEME}")
    extra = fields.mapping(accepted, "extra")
    return Evidence(
        payment_request_token="",
        option_id=fields.text(extra, "paymentOptionId"),
        payer="",
        network=fields.text(accepted, "network"),
        payload=payload_of(said),
        reference=fields.text(extra, "paymentRequest"),
        accepted=Accepted(fields.text(accepted, "amount"), fields.text(accepted, "payTo")),
        identifier=identifier_of(said),
    )


def payer_named(did: str) -> str:
    """As x402 names a payer: by his address, where the DID is one (did:pkh, CAIP-10)."""
    return did.rpartition(":")[2] if did.startswith("did:pkh:") else did


def _failed(reason: str, transaction: str, network: str) -> dict[str, Any]:
    return {"success": False, "errorReason": reason, "transaction": transaction, "network": network}


def _json(value: Any) -> bytes:
    return strict_json.dumps(value).encode()
