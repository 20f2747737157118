"""One offer in as many dialects as there are: what goes out together, and who is answered how."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import BadRequest, ClaimInvalid, CreditsExhausted, PaymentMismatch, PaymentPending
from paywall.web.payments.dialects import PaymentDialects
from paywall.web.problems import refusal_of
from shared import strict_json
from shared.dialects.ack import Ack, AckJson, claim_token, read_challenge
from shared.dialects.base import (
    AnswerParts,
    Dialect,
    Evidence,
    HeaderLines,
    Offer,
    Paid,
    PaymentOutcome,
    Refusal,
    Response402Parts,
    Settling,
    StoredRequest,
    Wordings,
)
from shared.problem import Problem
from shared.tokens.jws import TokenError
from tests.conformance.samples import CLAIM, HOLDER_KEY, NOW, REQUEST, REQUEST_TOKEN

OFFER = Offer(REQUEST_TOKEN, REQUEST)
CLAIMED = {"payload": claim_token(CLAIM, HOLDER_KEY, now=NOW)}
PAID = Paid(REQUEST.id, "a.receipt.jwt", {"granted": 3, "available": 3}, "cd" * 32, "did:key:payer", NOW)
SETTLING = Settling(REQUEST.id, "cd" * 32, 1, 2)


class HeaderDialect:
    """Asks and is paid in headers alone, as the schemes of HTTP authentication do."""

    def __init__(self, scheme: str) -> None:
        self.id = scheme.lower()
        self._scheme = scheme

    def challenge(self, offer: Offer) -> Response402Parts:
        line = f'{self._scheme} id="{offer.request.id}"'
        return Response402Parts((("WWW-Authenticate", line),), lambda: b"pay", f"text/{self.id}")

    def read_payment(
        self, headers: Mapping[str, str], body: Mapping[str, Any], *, now: int
    ) -> Evidence | None:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme != self._scheme:
            return None
        if not shown:
            raise TokenError("malformed", "nothing is shown")
        return Evidence(REQUEST_TOKEN, shown, "did:key:payer", "voucher", {"voucher": shown})

    def answer(self, outcome: PaymentOutcome, shown: Evidence | None) -> AnswerParts:
        status = outcome.problem.status if isinstance(outcome, Refusal) else 200
        return AnswerParts(status, (("Payment-Receipt", type(outcome).__name__),), b"", "text/plain")

    def beside(self, paid: Paid, shown: Evidence, status: int) -> HeaderLines:
        return (("Payment-Receipt", f"{paid.receipt} {status}"),)


def speaking(*dialects: Dialect) -> PaymentDialects:
    return PaymentDialects(dialects, lambda: NOW, lambda _: "https://seller.example/", lambda _: Wordings())


ALL: tuple[Dialect, ...] = (Ack(), AckJson(), HeaderDialect("Payment"), HeaderDialect("Voucher"))
DIALECTS = speaking(*ALL)


def answered(dialect: Dialect, outcome: PaymentOutcome) -> Response:
    return DIALECTS.answer(request(), dialect, outcome, CLAIM)


TWO_LINES = [f'{scheme} id="{REQUEST.id}"' for scheme in ("Payment", "Voucher")]


def request(**headers: str) -> Request:
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": lines})


def body_of(response: Response) -> Any:
    return strict_json.loads(bytes(response.body))


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/jwt", "text/html", "application/json", "text/voucher"]
)
def test_one_402_carries_the_headers_of_every_dialect(accept: str) -> None:
    response = DIALECTS.challenge(request(Accept=accept), OFFER)
    assert response.status_code == 402
    assert sorted(response.headers.getlist("www-authenticate")) == TWO_LINES
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/jwt"),
        ("*/*", "application/jwt"),
        ("application/jwt", "application/jwt"),
        ("application/json", "application/json"),
        ("text/html, application/json;q=0.9", "application/json"),
        ("text/voucher", "text/voucher; charset=utf-8"),
    ],
)
def test_the_body_is_the_one_that_is_asked_for(accept: str, media_type: str) -> None:
    response = DIALECTS.challenge(request(Accept=accept), OFFER)
    assert response.headers["content-type"] == media_type


def test_a_body_that_nobody_asked_for_is_not_made() -> None:
    """The JSON form costs as much as the signature of the token."""

    class Costly(HeaderDialect):
        def challenge(self, offer: Offer) -> Response402Parts:
            return super().challenge(offer)._replace(body=lambda: pytest.fail("it was made"))

    dialects = speaking(Ack(), Costly("Payment"))
    response = dialects.challenge(request(), OFFER)
    assert bytes(response.body) == REQUEST_TOKEN.encode()
    assert "www-authenticate" in response.headers


@pytest.mark.parametrize("accept", ["", "application/json"])
def test_a_challenge_holds_the_token_whichever_form_it_has(accept: str) -> None:
    response = DIALECTS.challenge(request(Accept=accept), OFFER)
    assert read_challenge(bytes(response.body), response.headers["content-type"]) == REQUEST_TOKEN


def test_what_is_refused_until_it_is_paid_says_why_in_the_dialect_that_is_asked_for() -> None:
    refusal = CreditsExhausted("None are left.", granted=3).asking(StoredRequest(REQUEST_TOKEN, REQUEST))
    told = asyncio.run(DIALECTS.on_unpaid(request(), refusal))
    assert (told.status_code, told.headers["content-type"]) == (402, "application/problem+json")
    assert (body_of(told)["code"], body_of(told)["granted"]) == ("credits_exhausted", 3)
    assert read_challenge(bytes(told.body), told.headers["content-type"]) == REQUEST_TOKEN
    for accept, body in (("text/voucher", b"pay"), ("application/json", bytes(told.body))):
        again = asyncio.run(DIALECTS.on_unpaid(request(Accept=accept), refusal))
        assert bytes(again.body) == body
        assert sorted(again.headers.getlist("www-authenticate")) == TWO_LINES


def test_evidence_is_read_in_the_dialect_it_came_in() -> None:
    assert DIALECTS.read_payment(request(), CLAIMED) == (ALL[0], CLAIM)
    dialect, evidence = DIALECTS.read_payment(request(Authorization="Voucher 7"), {})
    assert (dialect.id, evidence.payload) == ("voucher", {"voucher": "7"})


def test_a_request_that_shows_nothing_in_any_dialect_is_refused() -> None:
    with pytest.raises(BadRequest, match="`payload` must be a string"):
        DIALECTS.read_payment(request(), {"payload": 5})


def test_evidence_that_does_not_hold_in_its_dialect_is_refused() -> None:
    for shown in (request(Authorization="Voucher "), request(Authorization="Payment ")):
        with pytest.raises(ClaimInvalid, match="does not hold: nothing is shown"):
            DIALECTS.read_payment(shown, {})
    with pytest.raises(ClaimInvalid, match="does not hold"):
        DIALECTS.read_payment(request(), {"payload": "a.b.c"})


@pytest.mark.parametrize("outcome", [PAID, SETTLING, refusal_of(PaymentPending())])
def test_who_paid_in_a_dialect_is_answered_in_it(outcome: PaymentOutcome) -> None:
    response = answered(ALL[3], outcome)
    assert response.headers["payment-receipt"] == type(outcome).__name__
    assert response.headers["cache-control"] == "no-store"


def test_acks_answers_are_receipt_progress_and_problem_details() -> None:
    paid, settling = answered(ALL[0], PAID), answered(ALL[1], SETTLING)
    assert (paid.status_code, body_of(paid)) == (
        200,
        {"receipt": PAID.receipt, "credits": dict(PAID.credits), "payment_request_id": REQUEST.id},
    )
    assert (settling.status_code, settling.headers["retry-after"]) == (202, "1")
    assert body_of(settling)["confirmations"] == 1
    refused = answered(ALL[0], refusal_of(PaymentMismatch("Wrong.", to_pay=OFFER, paid=1)))
    assert (refused.status_code, refused.headers["content-type"]) == (402, "application/problem+json")
    assert Problem.parse(body_of(refused)).extra == {
        "paid": 1,
        "paymentRequestToken": REQUEST_TOKEN,
        "paymentRequest": body_of(DIALECTS.challenge(request(Accept="application/json"), OFFER))[
            "paymentRequest"
        ],
    }


def test_a_refusal_that_no_payment_mends_holds_no_token() -> None:
    pending = answered(ALL[0], refusal_of(PaymentPending()))
    assert (pending.status_code, pending.headers["retry-after"]) == (409, "1")
    assert "paymentRequestToken" not in body_of(pending)
    assert answered(ALL[0], refusal_of(ClaimInvalid())).headers["www-authenticate"]
