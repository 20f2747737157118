import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dialects import ack
from shared.tokens.jws import TokenError
from tests.conformance.attacks import ATTACKER, Attack, attacks
from tests.conformance.claim_cases import TARGET, refusals, without
from tests.conformance.samples import CLAIM, HOLDER_KEY, NOW, REQUEST_TOKEN


def challenge_reason(body: bytes, content_type: str) -> str:
    with pytest.raises(TokenError) as caught:
        ack.read_challenge(body, content_type)
    return caught.value.reason


def test_a_claim_is_read_back() -> None:
    assert ack.read_claim(ack.claim_token(CLAIM, HOLDER_KEY, now=NOW), now=NOW) == CLAIM


@given(st.binary(min_size=1, max_size=200))
def test_the_bytes_of_a_transaction_arrive_as_they_were(transaction: bytes) -> None:
    claim = replace(CLAIM, payload={"transaction": transaction})
    assert ack.read_claim(ack.claim_token(claim, HOLDER_KEY, now=NOW), now=NOW) == claim


def test_the_largest_claim_fits_the_limit() -> None:
    claim = replace(CLAIM, payment_request_token="x" * 8192, payload={"transaction": bytes(16384)})
    assert ack.read_claim(ack.claim_token(claim, HOLDER_KEY, now=NOW), now=NOW) == claim


@pytest.mark.parametrize("attack", [*refusals(), *attacks(TARGET)], ids=lambda attack: attack.description)
def test_what_is_wrong_is_refused(attack: Attack) -> None:
    with pytest.raises(TokenError) as caught:
        ack.read_claim(attack.token, now=NOW)
    assert caught.value.reason == attack.reason


@pytest.mark.parametrize("token", [TARGET.token, without("exp")], ids=["with exp", "without exp"])
@pytest.mark.parametrize("now", [NOW + 600, NOW + 10**9, NOW - 61])
def test_a_claim_holds_for_ten_minutes(now: int, token: str) -> None:
    assert ack.read_claim(token, now=NOW + 599) == CLAIM
    with pytest.raises(TokenError):
        ack.read_claim(token, now=now)


def test_nobody_claims_in_anothers_name() -> None:
    with pytest.raises(ValueError, match="its payer"):
        ack.claim_token(CLAIM, ATTACKER, now=NOW)


def test_what_another_rail_calls_its_payment_arrives_as_it_was() -> None:
    claim = replace(CLAIM, network="stripe", payload={"paymentIntent": "pi_1", "session": "cs_1"})
    assert ack.read_claim(ack.claim_token(claim, HOLDER_KEY, now=NOW), now=NOW) == claim


@given(st.binary(min_size=1, max_size=200))
def test_what_another_rail_shows_in_bytes_arrives_as_bytes(shown: bytes) -> None:
    claim = replace(CLAIM, network="coupons", payload={"coupon": shown, "shop": "Bergen"})
    assert ack.read_claim(ack.claim_token(claim, HOLDER_KEY, now=NOW), now=NOW) == claim


@pytest.mark.parametrize("payload", [{"network": "another"}, {"transaction": "text"}], ids=str)
def test_evidence_that_could_not_be_read_back_is_not_written(payload: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no part of what is shown"):
        ack.claim_token(replace(CLAIM, payload=payload), HOLDER_KEY, now=NOW)


@pytest.mark.parametrize(
    "content_type",
    ["application/jwt", "application/jwt; charset=utf-8", "text/plain;charset=UTF-8", " Text/Plain ;x"],
)
def test_a_raw_challenge_is_the_token(content_type: str) -> None:
    assert ack.read_challenge(f"{REQUEST_TOKEN}\n".encode(), content_type) == REQUEST_TOKEN


@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json; charset=utf-8"])
def test_a_json_challenge_names_the_token(content_type: str) -> None:
    body = json.dumps({"paymentRequest": {}, "paymentRequestToken": REQUEST_TOKEN}).encode()
    assert ack.read_challenge(body, content_type) == REQUEST_TOKEN


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"<html>", "text/html", "unknown_challenge"),
        (REQUEST_TOKEN.encode(), "", "unknown_challenge"),
        (b"{}", "application/json", "unknown_challenge"),
        (b"[]", "application/json", "unknown_challenge"),
        (b'{"paymentRequestToken":null}', "application/json", "unknown_challenge"),
        (b'{"paymentRequestToken":["a.b.c"]}', "application/json", "unknown_challenge"),
        (b'{"paymentRequestToken":"a.b.c"}', "application/json", "malformed"),
        (b'{"paymentRequestToken":"\\ud800"}', "application/json", "malformed"),
        (b'{"paymentRequestToken":"x","paymentRequestToken":"y"}', "application/json", "malformed"),
        (b"{", "application/json", "malformed"),
        (b"", "application/jwt", "malformed"),
        (b"\xff", "application/jwt", "malformed"),
        (b"a.b.c", "application/jwt", "malformed"),
        (REQUEST_TOKEN.encode() + b"==", "application/jwt", "malformed"),
        (b"a" * 5_000_000, "application/jwt", "malformed"),
        (b" " * 5_000_000, "application/json", "malformed"),
    ],
    ids=range(16),
)
def test_anything_else_is_no_challenge(body: bytes, content_type: str, reason: str) -> None:
    assert challenge_reason(body, content_type) == reason
