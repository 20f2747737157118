from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tokens import base64url, dpop, jws
from shared.tokens.dpop import HolderProof
from shared.tokens.jws import TokenError
from tests.conformance.attacks import Attack, attacks
from tests.conformance.proof_cases import TARGET, refusals
from tests.conformance.samples import HOLDER_KEY, NOW, PROOF, RECEIPT_TOKEN, URL

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def verify(proof: str, **changes: Any) -> HolderProof:
    request: dict[str, Any] = {"method": "POST", "url_ok": URL.__eq__, "now": NOW, "token": RECEIPT_TOKEN}
    return dpop.verify(proof, **request | changes)


def reason(proof: str, **changes: Any) -> str:
    with pytest.raises(TokenError) as caught:
        verify(proof, **changes)
    return caught.value.reason


def test_a_proof_names_its_key() -> None:
    found = verify(PROOF)
    assert found == HolderProof("q4Tz7b1nXkW0", HOLDER_KEY.public.thumbprint, HOLDER_KEY.public, NOW)


def test_the_example_of_rfc_9449_hashes_the_token_alike() -> None:
    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    proof = dpop.make(HOLDER_KEY, method="GET", url=URL, now=NOW, jti="e", token=token)
    assert jws.unverified(proof)[1]["ath"] == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_the_address_is_proved_without_its_query() -> None:
    proof = dpop.make(HOLDER_KEY, method="GET", url=f"{URL}?a=1#b", now=NOW, jti="j")
    assert jws.unverified(proof)[1] == {"jti": "j", "htm": "GET", "htu": URL, "iat": NOW}


@pytest.mark.parametrize("attack", [*refusals(), *attacks(TARGET)], ids=lambda attack: attack.description)
def test_what_is_wrong_is_refused(attack: Attack) -> None:
    assert reason(attack.token) == attack.reason


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"method": "GET"}, "wrong_request"),
        ({"method": "post"}, "wrong_request"),
        ({"url_ok": (URL + "/").__eq__}, "wrong_request"),
        ({"token": RECEIPT_TOKEN[:-1]}, "wrong_token"),
        ({"token": None}, "wrong_token"),
        ({"token": "\ud800"}, "wrong_token"),
        ({"now": NOW + 61}, "stale"),
        ({"now": NOW - 61}, "stale"),
        ({"now": NOW + 6, "leeway": 5}, "stale"),
    ],
    ids=range(9),
)
def test_a_proof_is_for_one_request_at_one_time(changes: dict[str, Any], expected: str) -> None:
    assert reason(PROOF, **changes) == expected


@pytest.mark.parametrize("now", [NOW - 60, NOW + 60])
def test_a_proof_holds_for_a_minute_to_both_sides(now: int) -> None:
    assert verify(PROOF, now=now).issued_at == NOW


@given(st.integers(0, len(PROOF) - 1), st.sampled_from(ALPHABET))
def test_a_proof_with_any_one_character_changed_is_refused(place: int, character: str) -> None:
    changed = PROOF[:place] + character + PROOF[place + 1 :]
    if changed != PROOF:
        with pytest.raises(TokenError):
            verify(changed)


def test_a_proof_is_at_most_two_kilobytes() -> None:
    assert reason("A" * 5_000_000) == "malformed"
    long = dpop.make(HOLDER_KEY, method="POST", url=URL, now=NOW, jti="x" * 1500, token=RECEIPT_TOKEN)
    assert reason(long) == "malformed"


def test_a_small_order_key_proves_nothing() -> None:
    """With the identity for a key, R = identity and S = 0 verify for every message in OpenSSL."""
    identity = b"\x01" + bytes(31)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(identity)}
    message = jws.signing_input(TARGET.payload, typ=jws.PROOF_TYPE, header={"jwk": jwk})
    assert reason(jws.attach(message, identity + bytes(32))) == "bad_key"
