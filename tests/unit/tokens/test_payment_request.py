import itertools
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import strict_json
from shared.money import Money
from shared.tokens import jws, prt
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentRequest
from tests.conformance.attacks import Attack, attacks
from tests.conformance.request_cases import TARGET, refusals
from tests.conformance.samples import NOW, OPTION, PLAIN_REQUEST, REQUEST, SELLER, SELLER_KEY

KEYS = [SELLER_KEY.public]


def read(token: str, now: int | None = NOW) -> PaymentRequest:
    return prt.verify(token, KEYS, issuer=SELLER, now=now)


@pytest.mark.parametrize("request_", [REQUEST, PLAIN_REQUEST], ids=["full", "plain"])
def test_a_payment_request_is_read_back(request_: PaymentRequest) -> None:
    assert read(jws.sign(prt.claims(request_), SELLER_KEY)) == request_


@given(st.integers(1, 2**63 - 1), st.integers(0, 18), st.integers(1, 10**9), st.integers(0, 10**10))
def test_every_amount_and_time_is_read_back(amount: int, decimals: int, count: int, expires_at: int) -> None:
    given_ = replace(
        REQUEST,
        expires_at=expires_at,
        price=Money(amount, "XYZ", decimals),
        order=replace(REQUEST.order, credits=count),
        options=(replace(OPTION, amount=amount, decimals=decimals),),
    )
    assert read(jws.sign(prt.claims(given_), SELLER_KEY), now=None) == given_


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["100 % of it", "\0", "\\u0000", '"iat":0,"exp":0', "%s %d", "\0\0\0", "\n", "\\n"]
)
TIMES = st.tuples(st.integers(0, 2**62), st.integers(0, 10**10))


@given(TEXTS, st.none() | TEXTS, st.none() | TEXTS, TEXTS, TIMES)
def test_the_json_from_a_template_is_that_of_the_claims(
    description: str, callback: str | None, holder: str | None, request_id: str, times: tuple[int, int]
) -> None:
    asked = replace(
        REQUEST,
        id=request_id,
        description=description,
        service_callback=callback,
        issued_at=times[0],
        expires_at=times[1],
        order=replace(REQUEST.order, holder=holder),
    )
    template = prt.claims_template(asked)
    for name, bound in itertools.product((request_id, REQUEST.id, "another"), (holder, None, "did:key:z6")):
        one = replace(asked, id=name, order=replace(asked.order, holder=bound))
        assert prt.fill(template, name, bound) == strict_json.dumps(prt.claims(one))


def test_fields_without_a_value_are_left_out() -> None:
    claims = prt.claims(PLAIN_REQUEST)
    assert "serviceCallback" not in claims
    assert "holder" not in claims["order"]
    assert claims["paymentOptions"][0].keys() == {"id", "amount", "decimals", "currency", "recipient"}


def test_both_expiry_claims_say_the_same() -> None:
    claims = prt.claims(replace(REQUEST, expires_at=1795214081))
    assert (claims["exp"], claims["expiresAt"]) == (1795214081, "2026-11-20T22:34:41Z")
    assert claims["sub"] == claims["id"] == REQUEST.id


@pytest.mark.parametrize("attack", [*refusals(), *attacks(TARGET)], ids=lambda attack: attack.description)
def test_what_is_wrong_is_refused(attack: Attack) -> None:
    with pytest.raises(TokenError) as caught:
        read(attack.token)
    assert caught.value.reason == attack.reason


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (REQUEST.expires_at - 1, None),
        (REQUEST.expires_at, "expired"),
        (REQUEST.expires_at + 10**9, "expired"),
        (NOW - 60, None),
        (NOW - 61, "not_yet_valid"),
    ],
)
def test_there_is_no_leeway_at_the_end_and_a_minute_at_the_start(now: int, reason: str | None) -> None:
    if reason is None:
        assert read(TARGET.token, now) == REQUEST
    else:
        with pytest.raises(TokenError) as caught:
            read(TARGET.token, now)
        assert caught.value.reason == reason


def test_a_seller_reads_its_own_expired_request_when_asked_to() -> None:
    assert read(TARGET.token, now=None) == REQUEST


def test_an_option_is_found_by_its_id() -> None:
    assert REQUEST.option("cardano-1") == OPTION


def test_an_option_that_was_not_offered_is_refused() -> None:
    with pytest.raises(TokenError) as caught:
        REQUEST.option("cardano-2")
    assert caught.value.reason == "unknown_option"


def test_the_token_hash_is_over_its_text() -> None:
    assert prt.token_hash("a.b.c") == sha256(b"a.b.c").digest()
