"""The contract of the dialects: one offer out, one evidence in, one outcome out, whatever the wire form.

Every class in shared/dialects, and in somebody else's package, that is a dialect is found, and fails until WAYS in
`dialects/ways.py` says how it is opened and what its client writes.
"""

import copy
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import shared.dialects
from paywall import errors
from paywall.compose import DIALECTS
from paywall.errors import PaywallError
from paywall.web.problems import refusal_of
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
)
from shared.problem import Problem
from shared.tokens import jws
from shared.tokens.jws import TokenError
from tests.conformance.samples import HOLDER_KEY, NOW, PLAIN_REQUEST, REQUEST, REQUEST_TOKEN
from tests.contract.dialects.ways import VOUCHER, WAYS, WORDINGS, Way
from tests.support.world.any_json import objects
from tests.support.world.implementations import implementations, way_of

NAMES = implementations(Dialect, shared.dialects)
EVERY = pytest.mark.parametrize("name", NAMES)

STORED = StoredRequest(REQUEST_TOKEN, REQUEST)
EXHAUSTED = Problem(402, "credits_exhausted", "None are left", "Grüße\r\nX-Injected: yes")
OFFERS = tuple(
    replace(offer, wordings=WORDINGS, url="http://127.0.0.1:8402/api/images/buy")
    for offer in (
        Offer(REQUEST_TOKEN, REQUEST),
        Offer(REQUEST_TOKEN, PLAIN_REQUEST),
        Offer(REQUEST_TOKEN, REQUEST, EXHAUSTED),
        Offer(REQUEST_TOKEN, replace(REQUEST, description="drei Bilder – für Zoë\r\nX-Injected: yes \x01")),
    )
)
PAID = Paid(
    REQUEST.id, "a.receipt.jwt", {"granted": 3, "available": 3}, "cd" * 32, HOLDER_KEY.public.did, NOW
)
SETTLING = Settling(REQUEST.id, "cd" * 32, 1, 2)
#: what the server itself says in every response, or what frames it
ITS_OWN = {"cache-control", "content-type", "content-length", "transfer-encoding", "connection", "date"}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(?:; ?[a-z]+=[A-Za-z0-9-]+)?")


def refusals() -> list[PaywallError]:
    """One of every class of the tree, and the two ways in which paying is the remedy."""
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PaywallError)
    ]
    said = "Was man von „Zoë“ will:\r\nnichts."
    own: dict[type[PaywallError], Any] = {errors.TooManyRequests: 7}  # seconds
    return [
        *(kind(own.get(kind, said), figure=7) for kind in kinds if kind.status != 402),
        *(kind(said, to_pay=STORED) for kind in kinds if issubclass(kind, errors.PaymentRequired)),
    ]


def way(name: str) -> Way:
    return way_of(WAYS, name, "dialects/ways")


def sendable(headers: HeaderLines, body: bytes, media_type: str) -> bool:
    """By HTTP, as it stands: what a line break or a letter beyond ASCII would break out of."""
    lines = all(_NAME.fullmatch(name) and _VALUE.fullmatch(value) for name, value in headers)
    own = {name.lower() for name, _ in headers} & ITS_OWN
    return lines and not own and isinstance(body, bytes) and _MEDIA_TYPE.fullmatch(media_type) is not None


def test_every_dialect_that_the_seller_speaks_is_held_here_and_has_an_id_of_its_own() -> None:
    assert {type(dialect).__name__ for dialect in DIALECTS} <= set(NAMES)
    ids = [way(name).open().id for name in NAMES]
    assert len(set(ids)) == len(ids)
    assert all(_NAME.fullmatch(name) for name in ids)


@EVERY
@pytest.mark.parametrize("offer", OFFERS, ids=["full", "plain", "a refusal", "odd words"])
def test_a_challenge_is_pure_can_be_sent_and_leads_to_the_token(name: str, offer: Offer) -> None:
    first, second = (way(name).open().challenge(offer) for _ in range(2))
    assert isinstance(first, Response402Parts)
    assert (first.status, first.headers, first.media_type) == (402, second.headers, second.media_type)
    assert first.body() == first.body() == second.body()
    assert sendable(first.headers, first.body(), first.media_type)
    assert way(name).token_in(first.headers, first.body(), first.media_type) == offer.token


@EVERY
def test_a_request_that_shows_nothing_is_none(name: str) -> None:
    dialect = way(name).open()
    ordinary = {"accept": "*/*", "content-type": "application/json", "authorization": "DPoP a.b.c"}
    for headers, body in (({}, {}), (ordinary, {}), (ordinary, {"prompt": "a cat", "credits": 3})):
        assert dialect.read_payment(headers, body, now=NOW) is None


@EVERY
def test_what_its_client_writes_is_read_back_and_left_as_it_was(name: str) -> None:
    for evidence in way(name).carried:
        headers, body = way(name).write(evidence)
        before = copy.deepcopy((headers, body))
        for _ in range(2):
            assert way(name).open().read_payment(headers, body, now=NOW) == evidence
        assert (headers, body) == before


@EVERY
def test_the_same_evidence_looks_the_same_in_every_dialect(name: str) -> None:
    """What another dialect's client wrote is nothing here, or the same: never another payment."""
    shown = [(other, evidence) for other in WAYS.values() for evidence in other.carried]
    for other, evidence in shown:
        assert way(name).open().read_payment(*other.write(evidence), now=NOW) in (None, evidence)


def whatever() -> st.SearchStrategy[tuple[dict[str, str], dict[str, Any]]]:
    """Headers and a body with what some dialect's client writes in them, whole or spoiled; made once for all."""
    latin = st.text(st.characters(max_codepoint=255), max_size=60)
    written = [other.write(evidence) for other in WAYS.values() for evidence in other.carried[-1:]]
    names = sorted({"authorization", *(header for headers, _ in written for header in headers)})
    values = [value for headers, body in written for value in (*headers.values(), *body.values())]
    spoiled = st.builds(spoil, st.sampled_from(values), st.integers(0, 2000), latin) | altered(values)
    headers = st.dictionaries(st.sampled_from(names), latin | spoiled, max_size=3)
    members = [member for _, body in written for member in body]
    return st.tuples(headers, objects(members, values) | st.dictionaries(st.sampled_from(members), spoiled))


@EVERY
@settings(max_examples=120, deadline=None)
@given(st.deferred(whatever))
def test_whatever_is_sent_shows_nothing_or_an_evidence_or_is_refused(
    name: str, sent: tuple[dict[str, str], dict[str, Any]]
) -> None:
    try:
        shown = way(name).open().read_payment(*sent, now=NOW)
    except TokenError:
        return
    assert shown is None or isinstance(shown, Evidence)


def altered(values: list[str]) -> st.SearchStrategy[str]:
    """Those that are tokens, of good form and signature, with other claims in them."""
    tokens = [jws.unverified(value)[1] for value in values if value.count(".") == 2 and " " not in value]
    return st.one_of([objects(claims).map(partial(signed_over, claims)) for claims in tokens])


def signed_over(claims: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    return jws.sign({**claims, **other}, HOLDER_KEY)


def spoil(value: str, at: int, other: str) -> str:
    """A good value with something else in its middle."""
    return value[: at % (len(value) + 1)] + other + value[at % (len(value) + 1) + len(other) :]


@EVERY
@pytest.mark.parametrize("junk", [".", " ", "a.", "=", "{", "eyJ", "é", "0 ", '"', ","])
def test_what_is_sent_costs_no_more_than_its_size(name: str, junk: str) -> None:
    """Sixteen times as much takes about sixteen times as long: quadratic would be 256 times."""
    headers, body = way(name).write(VOUCHER)

    def seconds(length: int) -> float:
        large = junk * (length // len(junk))
        spoiled = dict.fromkeys(headers, large), dict.fromkeys(body, large)
        return min(timed(name, *spoiled) for _ in range(3))

    assert seconds(1 << 15) < 100 * max(seconds(1 << 11), 1e-4)


def timed(name: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> float:
    dialect, start = way(name).open(), time.thread_time()
    with suppress(TokenError):
        dialect.read_payment(headers, body, now=NOW)
    return time.thread_time() - start


@EVERY
def test_whoever_paid_is_given_the_receipt(name: str) -> None:
    answer = answered(name, PAID)
    assert 200 <= answer.status < 300
    assert PAID.receipt in said(answer)


@EVERY
def test_lines_beside_another_answer_can_be_sent_and_are_the_same_each_time(name: str) -> None:
    for status in (200, 409, 502):
        lines, again = (way(name).open().beside(PAID, VOUCHER, status) for _ in range(2))
        assert lines == again
        assert sendable(lines, b"", "text/plain")


@EVERY
def test_a_payment_that_settles_is_no_success_yet_and_no_reason_to_pay_again(name: str) -> None:
    answer = answered(name, SETTLING)
    assert answer.status in {202, 409}
    assert PAID.receipt not in said(answer)


@EVERY
@pytest.mark.parametrize("error", refusals(), ids=lambda error: type(error).__name__)
def test_a_refusal_has_its_problems_status_and_headers(name: str, error: PaywallError) -> None:
    refusal = refusal_of(error)
    answer = answered(name, refusal)
    assert answer.status == refusal.problem.status
    assert refusal.problem.code in said(answer)
    assert [line for line in refusal.headers if line not in answer.headers] == []


@EVERY
def test_the_token_to_pay_is_in_a_refusal_when_paying_is_the_remedy_and_only_then(name: str) -> None:
    """Auto-payers pay whatever holds one."""
    problem = Problem(402, "payment_mismatch", "Not this one", "Another address.", retryable=True)
    answer = answered(name, Refusal(problem, OFFERS[0]))
    assert way(name).token_in(answer.headers, answer.body, answer.media_type) == REQUEST_TOKEN
    for error in refusals():
        if error.status != 402:
            assert REQUEST_TOKEN not in said(answered(name, refusal_of(error)))
    for outcome in (PAID, SETTLING):
        assert REQUEST_TOKEN not in said(answered(name, outcome))


def answered(name: str, outcome: PaymentOutcome) -> AnswerParts:
    """The answer, which is pure and can be sent."""
    answer, again = (way(name).open().answer(outcome, VOUCHER) for _ in range(2))
    assert answer == again
    assert sendable(answer.headers, answer.body, answer.media_type)
    return answer


def said(answer: AnswerParts) -> str:
    return "\n".join([*(f"{name}: {value}" for name, value in answer.headers), answer.body.decode()])
