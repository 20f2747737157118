import subprocess
import sys
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.keys import SigningKey
from shared.tokens import jws
from shared.tokens.jws import TokenError
from tests.conformance.attacks import ATTACKER, Attack, Target, attacks

KEY = SigningKey.from_seed(b"\x01" * 32)
OTHER = SigningKey.from_seed(b"\x02" * 32)
PAYLOAD: dict[str, Any] = {"iss": "did:web:seller.example", "n": 1, "text": "é"}
TOKEN = jws.sign(PAYLOAD, KEY)
PROOF_HEADER = {"jwk": KEY.public.jwk}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_token_is_read_back_by_its_key() -> None:
    assert jws.verify(TOKEN, [KEY.public]) == PAYLOAD
    assert jws.verify(TOKEN, [OTHER.public, KEY.public]) == PAYLOAD


def test_without_keys_nothing_verifies() -> None:
    with pytest.raises(TokenError, match="signature"):
        jws.verify(TOKEN, [])


def test_signing_in_two_steps_gives_the_same_token() -> None:
    message = jws.signing_input(PAYLOAD)
    assert jws.attach(message, KEY.sign(message)) == TOKEN


def test_the_header_is_exactly_algorithm_and_type() -> None:
    assert jws.unverified(TOKEN) == ({"alg": "EdDSA", "typ": "JWT"}, PAYLOAD)


def test_peeking_does_not_look_at_the_signature() -> None:
    forged = jws.attach(jws.signing_input(PAYLOAD), bytes(64))
    assert jws.unverified(forged)[1] == PAYLOAD


def test_pyjwt_and_ours_read_each_other() -> None:
    assert (
        jwt.decode(TOKEN, KEY.public.native, algorithms=["EdDSA"], options={"verify_iss": False}) == PAYLOAD
    )
    theirs = jwt.encode(PAYLOAD, KEY.to_pem(), algorithm="EdDSA")
    assert jws.verify(theirs, [KEY.public]) == PAYLOAD


@pytest.mark.parametrize("attack", attacks(Target(PAYLOAD, KEY)), ids=lambda attack: attack.description)
def test_an_attacked_token_is_refused(attack: Attack) -> None:
    with pytest.raises(TokenError) as caught:
        jws.verify(attack.token, [KEY.public])
    assert caught.value.reason == attack.reason


@pytest.mark.parametrize(
    "attack",
    attacks(Target(PAYLOAD, KEY, jws.PROOF_TYPE, PROOF_HEADER)),
    ids=lambda attack: attack.description,
)
def test_an_attacked_proof_is_refused(attack: Attack) -> None:
    with pytest.raises(TokenError) as caught:
        jws.verify(attack.token, [KEY.public], typ=jws.PROOF_TYPE)
    assert caught.value.reason == attack.reason


@pytest.mark.parametrize(
    "attack",
    [attack for attack in attacks(Target(PAYLOAD, KEY)) if attack.reason == "malformed"],
    ids=lambda attack: attack.description,
)
def test_peeking_refuses_what_has_not_the_form_of_a_token(attack: Attack) -> None:
    with pytest.raises(TokenError) as caught:
        jws.unverified(attack.token)
    assert caught.value.reason == "malformed"


def test_a_proof_must_have_a_key_in_its_header() -> None:
    with pytest.raises(TokenError) as caught:
        jws.verify(jws.sign(PAYLOAD, KEY, typ=jws.PROOF_TYPE), [KEY.public], typ=jws.PROOF_TYPE)
    assert caught.value.reason == "header_not_allowed"


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(ALPHABET))
def test_a_token_with_any_one_character_changed_is_refused(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    if changed != TOKEN:
        with pytest.raises(TokenError):
            jws.verify(changed, [KEY.public])


@given(st.text() | st.text(ALPHABET + ".="))
def test_any_text_at_all_is_refused_with_a_token_error(text: str) -> None:
    with pytest.raises(TokenError):
        jws.verify(text, [KEY.public])


@pytest.mark.parametrize("size", [5_000_000, 8193])
def test_a_token_that_is_too_long_is_refused_before_anything_is_decoded(size: int) -> None:
    with pytest.raises(TokenError, match="at most"):
        jws.verify("A" * size, [KEY.public])


def test_the_largest_token_allowed_is_read() -> None:
    room = jws.MAX_BYTES - len(jws.sign({"x": ""}, KEY))
    token = jws.sign({"x": "y" * (room * 3 // 4)}, KEY)
    assert jws.MAX_BYTES - 2 <= len(token) <= jws.MAX_BYTES
    assert len(jws.verify(token, [KEY.public])["x"]) == room * 3 // 4


def test_no_error_repeats_the_token() -> None:
    token = jws.sign(PAYLOAD | {"secret": "canary"}, ATTACKER)
    with pytest.raises(TokenError) as caught:
        jws.verify(token, [KEY.public])
    assert "canary" not in str(caught.value)
    assert token.rpartition(".")[2] not in repr(caught.value)


def test_pyjwt_is_not_imported_before_a_signature_is_checked() -> None:
    script = "import sys, shared.tokens.jws, shared.tokens.receipt, shared.dialects.ack; sys.exit('jwt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
