"""Vectors of the holder proof."""

from collections.abc import Iterator
from typing import Any

from shared.tokens import base64url, jws
from tests.conformance.attacks import ATTACKER, Attack, Target, attacks
from tests.conformance.cases import accepted, refused
from tests.conformance.samples import HOLDER_KEY, NOW, PROOF, RECEIPT_TOKEN, URL

GOOD: dict[str, Any] = jws.unverified(PROOF)[1]
JWK = HOLDER_KEY.public.jwk
TARGET = Target(GOOD, HOLDER_KEY, jws.PROOF_TYPE, {"jwk": JWK}, claim="jti", max_bytes=2048)
REQUEST: dict[str, Any] = {"method": "POST", "url": URL, "receipt": RECEIPT_TOKEN, "now": NOW}
SAID = {"jti": GOOD["jti"], "thumbprint": HOLDER_KEY.public.thumbprint, "issued_at": NOW}


def vectors() -> dict[str, Any]:
    """Return the file's content."""
    unbound = {key: value for key, value in GOOD.items() if key != "ath"}
    return {
        "about": "Verify `token` as a holder proof (RFC 9449) for a `method` request to `url` with `receipt` "
        "(null: none) at `now`, in Unix seconds, with 60 seconds of leeway. A case names only what differs "
        "from `request`. `expected` is what the proof says, or the reason to refuse it.",
        "request": REQUEST,
        "cases": [
            accepted("with a receipt", PROOF, SAID),
            accepted("without a receipt", signed(unbound), SAID, receipt=None),
            accepted("sixty seconds old", PROOF, SAID, now=NOW + 60),
            accepted("sixty seconds early", PROOF, SAID, now=NOW - 60),
            accepted("with a nonce that nobody asked for", signed(GOOD | {"nonce": "n"}), SAID),
            accepted("with more members in the key", signed(GOOD, JWK | {"use": "sig", "kid": "1"}), SAID),
            *(refused(attack) for attack in [*refusals(), *attacks(TARGET)]),
            refused(Attack("61 seconds old", PROOF, "stale"), now=NOW + 61),
            refused(Attack("61 seconds early", PROOF, "stale"), now=NOW - 61),
            refused(Attack("made for POST, used for GET", PROOF, "wrong_request"), method="GET"),
            refused(Attack("used at another address", PROOF, "wrong_request"), url=URL + "/x"),
            refused(Attack("used with another receipt", PROOF, "wrong_token"), receipt=RECEIPT_TOKEN + "x"),
            refused(Attack("used without its receipt", PROOF, "wrong_token"), receipt=None),
            refused(Attack("says nothing of the receipt", signed(unbound), "wrong_token")),
        ],
    }


def refusals() -> list[Attack]:
    """Return the tokens that are wrong as proofs of anything."""
    return [*_wrong_claims(), *_wrong_keys()]


def _wrong_claims() -> Iterator[Attack]:
    for name in ("jti", "htu", "iat"):
        rest = {key: value for key, value in GOOD.items() if key != name}
        yield Attack(f"without {name}", signed(rest), "bad_claim")
    yield Attack("without htm", signed({key: GOOD[key] for key in GOOD if key != "htm"}), "wrong_request")
    yield Attack("the method in small letters", signed(GOOD | {"htm": "post"}), "wrong_request")
    yield Attack("the method in a list", signed(GOOD | {"htm": ["POST"]}), "wrong_request")
    yield Attack("iat is a float", signed(GOOD | {"iat": NOW + 0.5}), "bad_claim")
    yield Attack("jti of 129 characters", signed(GOOD | {"jti": "x" * 129}), "bad_claim")
    yield Attack("jti is a number", signed(GOOD | {"jti": 1}), "bad_claim")
    yield Attack("ath is null", signed(GOOD | {"ath": None}), "wrong_token")


def _wrong_keys() -> Iterator[Attack]:
    identity = base64url.encode(b"\x01" + bytes(31))
    beyond = base64url.encode(b"\xee" + b"\xff" * 30 + b"\x7f")
    for description, jwk in (
        ("no key", None),
        ("a key that is text", JWK["x"]),
        ("a private key", JWK | {"d": base64url.encode(HOLDER_KEY.seed)}),
        ("a key of another type", JWK | {"kty": "EC"}),
        ("a key of another curve", JWK | {"crv": "X25519"}),
        ("a symmetric key", {"kty": "oct", "k": "AAAA"}),
        ("a key one byte short", JWK | {"x": base64url.encode(HOLDER_KEY.public.raw[:-1])}),
        ("a key one byte long", JWK | {"x": base64url.encode(HOLDER_KEY.public.raw + b"\0")}),
        ("a key with padding", JWK | {"x": JWK["x"] + "="}),
        ("a key without x", {"kty": "OKP", "crv": "Ed25519"}),
        ("a key whose x is a list", JWK | {"x": [JWK["x"]]}),
        ("a small-order key, for which anybody can sign", JWK | {"x": identity}),
        ("a key whose y is the field's order plus one", JWK | {"x": beyond}),
    ):
        yield Attack(description, signed(GOOD, jwk), "bad_key")
    yield Attack("another's key", signed(GOOD, ATTACKER.public.jwk), "bad_signature")
    yield Attack("a receipt shown as a proof", RECEIPT_TOKEN, "bad_key")


def signed(claims: dict[str, Any], jwk: object = JWK) -> str:
    """Sign `claims` as the holder, with `jwk` in the header."""
    return jws.sign(claims, HOLDER_KEY, typ=jws.PROOF_TYPE, header={"jwk": jwk})
