"""x402 version 1 over HTTP: the 402 as members of its JSON body, the payment as `X-PAYMENT`, what came of it as
`X-PAYMENT-RESPONSE`; the headers are standard base64 of JSON.

A payer gives back nothing of what was asked but the network: his payment names no payment request. Its clients fail on
networks that they do not know, so that only those are asked for.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared import strict_json
from shared.dialects.ack import paid_body, refusal_body
from shared.dialects.base import (
    AnswerParts,
    Evidence,
    ExactTerms,
    HeaderLines,
    Offer,
    Paid,
    PaymentOutcome,
    Refusal,
    Response402Parts,
    Settling,
)
from shared.dialects.payloads import payload_of
from shared.dialects.x402 import PENDING, SCHEME, payer_named
from shared.dialects.x402_headers import decoded_header, encoded_header
from shared.problem import Problem
from shared.tokens import fields
from shared.tokens.jws import TokenError

VERSION = 1
PAYMENT, RESPONSE = "X-PAYMENT", "X-PAYMENT-RESPONSE"
#: the version's own names of networks
NAMES = {
    "eip155:8453": "base",
    "eip155:84532": "base-sepolia",
    "eip155:43114": "avalanche",
    "eip155:43113": "avalanche-fuji",
    "eip155:137": "polygon",
    "eip155:80002": "polygon-amoy",
    "eip155:2741": "abstract",
    "eip155:11124": "abstract-testnet",
    "eip155:4689": "iotex",
    "eip155:1329": "sei",
    "eip155:1328": "sei-testnet",
    "eip155:3338": "peaq",
}
_NETWORKS = {name: network for network, name in NAMES.items()}


class X402V1:
    """The 402 goes into whichever JSON body is sent; its own one is that of problem details."""

    id = "x402-v1"

    def challenge(self, offer: Offer) -> Response402Parts:
        known = _known(offer)
        members = (lambda: _members(offer, known)) if known else None
        return Response402Parts((), lambda: _asking(offer), "application/problem+json", members=members)

    def read_payment(
        self,
        headers: Mapping[str, str],
        _body: Mapping[str, Any],
        *,
        now: int,  # noqa: ARG002  nothing here has a time
    ) -> Evidence | None:
        shown = headers.get(PAYMENT.lower())
        return None if shown is None else _evidence(decoded_header(PAYMENT, shown))

    def answer(self, outcome: PaymentOutcome, shown: Evidence | None) -> AnswerParts:
        match outcome:
            case Paid():
                lines = self.beside(outcome, shown, 200)
                return AnswerParts(200, lines, _json(paid_body(outcome)), "application/json")
            case Settling():
                lines = (*_failed(PENDING, outcome.external_id, shown), ("Retry-After", "1"))
                return AnswerParts(409, lines, _json(outcome.pending().body()), "application/problem+json")
            case Refusal(problem, to_pay, headers):
                body = refusal_body(problem, to_pay)
                if to_pay is not None:
                    body |= _members(replace(to_pay, problem=problem), _known(to_pay))
                lines = (*headers, *_failed(problem.code, "", shown))
                return AnswerParts(problem.status, lines, _json(body), "application/problem+json")

    def beside(self, paid: Paid, shown: Evidence | None, status: int) -> HeaderLines:  # noqa: ARG002  with any
        told = {
            "success": True,
            "transaction": paid.external_id,
            "network": _name(shown),
            "payer": payer_named(paid.payer),
        }
        return ((RESPONSE, encoded_header(told)),)


def _known(offer: Offer) -> list[ExactTerms]:
    return [terms for terms in offer.wordings.exact if terms.network in NAMES]


def _asking(offer: Offer) -> bytes:
    detail = f"Pay {offer.request.price} to get {offer.request.order.credits} credits."
    asked = Problem(402, "payment_required", "Payment required", detail, retryable=True)
    return _json(refusal_body(offer.problem or asked, offer) | _members(offer, _known(offer)))


def _members(offer: Offer, known: list[ExactTerms]) -> dict[str, Any]:
    asked = offer.problem.detail if offer.problem is not None else f"Pay {offer.request.price}."
    return {"x402Version": VERSION, "error": asked, "accepts": [_entry(offer, terms) for terms in known]}


def _entry(offer: Offer, terms: ExactTerms) -> dict[str, Any]:
    request = offer.request
    return {
        "scheme": SCHEME,
        "network": NAMES[terms.network],
        "maxAmountRequired": str(terms.amount),
        "resource": offer.url,
        "description": request.description,
        "mimeType": "application/json",
        "payTo": terms.pay_to,
        "maxTimeoutSeconds": request.expires_at - request.issued_at,
        "asset": terms.asset,
        "extra": dict(terms.extra),
    }


def _evidence(said: Mapping[str, Any]) -> Evidence:
    if said.get("x402Version") != VERSION:
        raise TokenError("unknown_version", f"{PAYMENT} is version {VERSION} of x402")
    if fields.text(said, "scheme") != SCHEME:
        raise fields.bad("scheme", f"is not {SCHEME}")
    network = _NETWORKS.get(fields.text(said, "network"))
    if network is None:
        raise fields.bad("network", f"is none of version {VERSION}'s that are offered here")
    return Evidence("", "", "", network, payload_of(said))


def _failed(reason: str, transaction: str, shown: Evidence | None) -> HeaderLines:
    if shown is None:
        return ()
    told = {"success": False, "errorReason": reason, "transaction": transaction, "network": _name(shown)}
    return ((RESPONSE, encoded_header(told)),)


def _name(shown: Evidence | None) -> str:
    return "" if shown is None else NAMES.get(shown.network, "")


def _json(value: Any) -> bytes:
    return strict_json.dumps(value).encode()
