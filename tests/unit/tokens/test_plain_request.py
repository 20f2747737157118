"""Payment requests of any maker, as far as they can be read without knowing who signed them."""

from typing import Any

import pytest

from shared.keys import SigningKey
from shared.tokens import jws, plain_request
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentOption

KEY = SigningKey.from_seed(b"\x09" * 32)
OPTION = {"id": "usd-1", "amount": 300, "decimals": 2, "currency": "USD", "recipient": "did:web:shop"}
CLAIMS = {"iss": "did:web:shop", "sub": "7", "id": "7", "paymentOptions": [OPTION]}


def token(**changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value != "left out"}
    return jws.sign(claims, KEY)


def test_it_says_who_asks_for_what() -> None:
    found = plain_request.read(token())
    assert (found.issuer, found.id, found.expires_at) == ("did:web:shop", "7", None)
    assert found.options == (PaymentOption("usd-1", 300, 2, "USD", "did:web:shop"),)
    assert found.name == "did:web:shop 7"


def test_the_earlier_of_two_expiries_counts() -> None:
    assert plain_request.read(token(exp=1_800_000_000)).expires_at == 1_800_000_000
    early = token(exp=1_800_000_000, expiresAt="2020-01-01T00:00:00.000Z")
    assert plain_request.read(early).expires_at == 1_577_836_800


def test_amounts_may_be_text() -> None:
    (option,) = plain_request.read(token(paymentOptions=[{**OPTION, "amount": "300"}])).options
    assert option.amount == 300


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "8"},
        {"sub": "left out"},
        {"iss": ""},
        {"iss": None},
        {"aud": "x"},
        {"exp": "soon"},
        {"exp": 1.5},
        {"expiresAt": "tomorrow"},
        {"expiresAt": None},
        {"paymentOptions": []},
        {"paymentOptions": [OPTION, OPTION]},
        {"paymentOptions": [{**OPTION, "amount": 0}]},
        {"paymentOptions": [{**OPTION, "network": None}]},
        {"paymentOptions": OPTION},
    ],
)
def test_one_that_could_be_read_in_two_ways_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenError):
        plain_request.read(token(**changes))
