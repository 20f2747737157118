"""What npm agentcommercekit's verifiers let through, and ours do not: each trap is tried on both."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from paywall.errors import PaywallError
from paywall.rails.acklab import lab_receipt
from shared.keys import SigningKey
from shared.tokens import jws, plain_receipt, plain_request, prt, receipt
from shared.tokens.jws import TokenError
from tests.conformance.samples import SELLER_KEY
from tests.conformance.test_npm_ack import run
from tests.support.acklab import lab_papers

DID = SELLER_KEY.public.did
PAYER = SigningKey.from_seed(bytes([7]) * 32).public.did
STRANGER = SigningKey.from_seed(bytes([8]) * 32)
OPTION = lab_papers.option(100, DID)
NOW = int(time.time())


def asked(options: list[dict[str, Any]] | None = None, **changes: Any) -> str:
    return lab_papers.payment_request(SELLER_KEY, "one", options or [OPTION], NOW, **changes)


def npm_takes_request(token: str, issuer: str | None = DID) -> bool:
    (result,) = run({"verb": "verifyRequest", "token": token, **({"issuer": issuer} if issuer else {})})
    return "ok" in result


def npm_takes_receipt(token: str, **trust: Any) -> bool:
    (result,) = run({"verb": "verifyReceipt", "token": token, **trust})
    return "ok" in result


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "another"},
        {"options": [OPTION, OPTION]},
        {"options": [{**OPTION, "amount": "1e3"}]},
        {"options": [{**OPTION, "amount": "-5"}]},
        {"options": [{**OPTION, "amount": "010"}]},
        {"options": [{**OPTION, "decimals": 400}]},
        {"expiresAt": "2099-01-01T02:00:00+02:00"},
        {"expiresAt": "1 January 2099"},
    ],
    ids=str,
)
def test_a_payment_request_that_npm_takes_is_none_to_us(changes: dict[str, Any]) -> None:
    token = asked(**changes)
    assert npm_takes_request(token)
    with pytest.raises(TokenError):
        plain_request.read(token)


def test_an_end_that_npm_does_not_look_at_is_the_end_to_us() -> None:
    token = asked(exp=NOW + 900, expiresAt="2001-01-01T00:00:00Z")
    assert npm_takes_request(token)
    assert plain_request.read(token).expires_at == prt.seconds_of("2001-01-01T00:00:00Z")


def test_another_sellers_payment_request_is_taken_by_npm_where_no_issuer_is_named_and_never_by_us() -> None:
    token = lab_papers.payment_request(STRANGER, "one", [OPTION], NOW)
    assert (npm_takes_request(token, None), npm_takes_request(token)) == (True, False)
    with pytest.raises(TokenError) as refused:
        prt.verify(token, [STRANGER.public], issuer=DID, now=NOW)
    assert refused.value.reason == "wrong_issuer"


def test_anyones_receipt_is_taken_by_npm_where_no_issuer_is_trusted_and_never_by_us() -> None:
    token = lab_papers.receipt(STRANGER, PAYER, asked(), NOW)
    assert npm_takes_receipt(token)
    assert not npm_takes_receipt(token, trusted=[DID])
    with pytest.raises(ValueError, match="trusted issuers"):
        receipt.verify(token, {}, now=NOW)
    for verify in (receipt.verify, plain_receipt.verify):
        with pytest.raises(TokenError) as refused:
            verify(token, {DID: [SELLER_KEY.public]}, now=NOW)
        assert refused.value.reason == "untrusted_issuer"


def test_a_receipt_for_an_option_that_its_request_has_not_is_taken_by_npm_and_not_by_us() -> None:
    token = lab_papers.receipt(SELLER_KEY, PAYER, asked(), NOW, "no-such-option")
    assert npm_takes_receipt(token, trusted=[DID], issuer=DID)
    with pytest.raises(TokenError) as refused:
        plain_receipt.verify(token, {DID: [SELLER_KEY.public]}, now=NOW)
    assert refused.value.reason == "unknown_option"


#: changes of a receipt, and of the option that it is for
WORTH_LESS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"subject": {"metadata": {"amount": 1}}}, {}),
    ({}, {"receiptService": STRANGER.public.did}),
]


@pytest.mark.parametrize(("said", "option"), WORTH_LESS, ids=["metadata tell of less", "another issuer"])
def test_what_a_receipt_says_is_worth_less_to_our_seller_than_to_npm(
    said: dict[str, Any], option: dict[str, Any]
) -> None:
    there = asked([{**OPTION, **option}])
    token = lab_papers.receipt(SELLER_KEY, PAYER, there, NOW, **said)
    assert npm_takes_receipt(token, trusted=[DID], issuer=DID)
    wanted = prt.options_of(jws.unverified(asked())[1])[0]

    def worth() -> int:
        return lab_receipt.amount_paid(lab_receipt.read(token), "one", wanted)

    if said:
        assert worth() == 1
    else:
        with pytest.raises(PaywallError):
            worth()


@pytest.mark.parametrize(
    ("change", "npm_does"),
    [
        (lambda claims: {**claims, "aud": DID}, False),
        (lambda claims: {**claims, "jti": "4a3b6c0e-0000-4000-8000-000000000001"}, False),
        (
            lambda claims: {
                **claims,
                "vc": {**claims["vc"], "@context": ["https://www.w3.org/ns/credentials/v2"]},
            },
            False,
        ),
        (lambda claims: {name: value for name, value in claims.items() if name != "nbf"}, False),
        (lambda claims: {name: value for name, value in claims.items() if name != "jti"}, True),
        (lambda claims: {name: value for name, value in claims.items() if name != "exp"}, True),
    ],
    ids=["aud", "bare id", "VC 2.0", "no nbf", "no id", "no end"],
)
def test_a_receipts_form_is_judged_alike_but_for_what_may_be_left_out(
    change: Callable[[dict[str, Any]], dict[str, Any]], npm_does: bool
) -> None:
    """Disagreement: ours needs an id and an end, for each is counted once; who only shows one needs neither."""
    claims = jws.unverified(lab_papers.receipt(SELLER_KEY, PAYER, asked(), NOW))[1]
    token = jws.sign(change(claims), SELLER_KEY)
    assert npm_takes_receipt(token, trusted=[DID], issuer=DID) == npm_does
    with pytest.raises(TokenError):
        receipt.verify(token, {DID: [SELLER_KEY.public]}, now=NOW)
    if npm_does:
        found = plain_receipt.verify(token, {DID: [SELLER_KEY.public]}, now=NOW)
        assert (found.payer, found.option_id) == (PAYER, "usd-1")
