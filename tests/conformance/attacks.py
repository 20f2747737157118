"""What attackers and careless encoders do to a good token, with the reason that each must be refused for.

The same attacks are tried on every kind of token: they are cases of the vectors and of the unit tests.
"""

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from shared.keys import SigningKey
from shared.tokens import base64url, jws

ATTACKER = SigningKey.from_seed(b"\x66" * 32)
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class Attack:
    """A token that must be refused with TokenError(`reason`)."""

    description: str
    token: str
    reason: str


@dataclass(frozen=True, slots=True)
class Target:
    """A good token's parts; `header` holds what it has beyond alg and typ, `claim` names a text claim."""

    payload: Mapping[str, Any]
    key: SigningKey
    typ: str = "JWT"
    header: Mapping[str, Any] | None = None
    claim: str = "iss"
    max_bytes: int = jws.MAX_BYTES

    @property
    def token(self) -> str:
        return jws.sign(self.payload, self.key, typ=self.typ, header=self.header)

    @property
    def full_header(self) -> dict[str, Any]:
        return {"alg": "EdDSA", "typ": self.typ, **(self.header or {})}


def raw_token(header: str | bytes, payload: str | bytes, key: SigningKey) -> str:
    """Sign texts as they are, also such as no JSON writer makes."""
    head, body = (part.encode() if isinstance(part, str) else part for part in (header, payload))
    message = f"{base64url.encode(head)}.{base64url.encode(body)}".encode()
    return jws.attach(message, key.sign(message))


def attacks(target: Target) -> list[Attack]:
    """Return all of them."""
    found = [*_headers(target), *_texts(target), *_spellings(target), *_signatures(target)]
    assert all(attack.token != target.token for attack in found)
    return found


def _headers(target: Target) -> Iterator[Attack]:
    payload = json.dumps(target.payload)

    def signed(**changes: object) -> str:
        return raw_token(json.dumps(target.full_header | changes), payload, target.key)

    none = signed(alg="none")
    yield Attack("alg none, without a signature", none[: none.rindex(".") + 1], "wrong_algorithm")
    yield Attack("alg none, with a good signature", none, "wrong_algorithm")
    message = signed(alg="HS256").rpartition(".")[0].encode()
    mac = hmac.new(target.key.public.raw, message, sha256).digest()
    yield Attack("HS256 with the public key for a secret", jws.attach(message, mac), "wrong_algorithm")
    for alg in ("ES256", "ES256K", "eddsa", "Ed25519", ["EdDSA"], None):
        yield Attack(f"alg {alg!r}, signed with Ed25519", signed(alg=alg), "wrong_algorithm")
    for typ in ("at+jwt", "jwt", "JOSE", None):
        yield Attack(f"typ {typ!r}", signed(typ=typ), "wrong_type")
    other = "JWT" if target.typ == jws.PROOF_TYPE else jws.PROOF_TYPE
    yield Attack("the type of another kind of token", signed(typ=other), "wrong_type")
    for name, value in (
        ("crit", ["exp"]),
        ("kid", "key-1"),
        ("kid", "../../../../dev/null"),
        ("jku", "https://attacker.example/jwks.json"),
        ("x5u", "https://attacker.example/chain.pem"),
        ("x5c", ["MIIB"]),
        ("b64", False),
        ("zip", "DEF"),
        ("cty", "JWT"),
    ):
        attack = signed(**{name: value})
        yield Attack(f"{name} {value!r} in the header", attack, "header_not_allowed")
    if target.typ == "JWT":
        embedded = json.dumps(target.full_header | {"jwk": ATTACKER.public.jwk})
        yield Attack(
            "the attacker's key in the header", raw_token(embedded, payload, ATTACKER), "header_not_allowed"
        )


def _texts(target: Target) -> Iterator[Attack]:
    """Texts that some JSON readers take, each with a good signature."""
    header, payload = json.dumps(target.full_header), json.dumps(target.payload)
    value = json.dumps(target.payload[target.claim])
    twice = f'{{"{target.claim}":"somebody else",{payload[1:]}'
    for description, head, body in (
        ("a claim named twice", header, twice),
        ("a header member named twice", f'{{"alg":"none",{header[1:]}', payload),
        ("a claim named twice, once by an escape", header, f'{{"\\u0061":1,"a":2,{payload[1:]}'),
        ("a name twice in a nested object", header, f'{{"x":{{"a":1,"a":2}},{payload[1:]}'),
        ("NaN", header, f'{{"x":NaN,{payload[1:]}'),
        ("Infinity", header, f'{{"x":-Infinity,{payload[1:]}'),
        ("1e400", header, f'{{"x":1e400,{payload[1:]}'),
        ("an integer of 64 bits", header, f'{{"x":{2**63},{payload[1:]}'),
        ("an integer of 5000 digits", header, f'{{"x":{"9" * 5000},{payload[1:]}'),
        ("a lone surrogate", header, f'{{"x":"\\ud800",{payload[1:]}'),
        ("a lone surrogate in a name", header, f'{{"\\udfff":1,{payload[1:]}'),
        ("a lone surrogate in the header", f'{{"x":"\\ud800",{header[1:]}', payload),
        ("seventeen arrays in an object", header, f'{{"x":{"[" * 17}{"]" * 17},{payload[1:]}'),
        ("two thousand arrays in an object", header, f'{{"x":{"[" * 2000}{"]" * 2000},{payload[1:]}'),
        ("two thousand open brackets", header, "[" * 2000),
        ("a payload that is an array", header, f"[{payload}]"),
        ("a payload that is text", header, value),
        ("an empty payload", header, ""),
        ("a header that is an array", f"[{header}]", payload),
        ("a byte order mark", header, "\ufeff" + payload),
        ("something after the payload", header, payload + "{}"),
        ("a comment in the payload", header, payload[:-1] + "/**/}"),
    ):
        yield Attack(description, raw_token(head, body, target.key), "malformed")
    overlong = b'{"x":"\xc0\xaf",' + payload.encode()[1:]
    yield Attack("bytes that are not UTF-8", raw_token(header, overlong, target.key), "malformed")


def _spellings(target: Target) -> Iterator[Attack]:
    """Other spellings of a good token: were they accepted, a replayed token would look like a new one."""
    token = target.token
    head, body, signature = token.split(".")
    last = _ALPHABET[_ALPHABET.index(signature[-1]) + 1]
    for description, spelling in (
        ("== appended", token + "=="),
        ("= after the header", f"{head}=.{body}.{signature}"),
        ("stray bits in the last character", token[:-1] + last),
        ("plain base64 instead of base64url", token.replace("-", "+").replace("_", "/")),
        ("a line break at the end", token + "\n"),
        ("a space in front", " " + token),
        ("a line break within", f"{head}.\n{body}.{signature}"),
        ("a character that decoders skip", f"{head}.{body}.!{signature}"),
        ("a letter beyond ASCII", f"{head}.{body}.{signature}é"),
        ("two parts", f"{head}.{body}"),
        ("a fourth part", token + "."),
        ("five parts (a JWE)", f"{head}.{body}.{signature}.{body}.{signature}"),
        ("no text at all", ""),
        ("two dots", ".."),
        ("no header", f".{body}.{signature}"),
    ):
        yield Attack(description, spelling, "malformed")
    filler = "x" * target.max_bytes
    long = jws.sign({**target.payload, "x": filler}, target.key, typ=target.typ, header=target.header)
    yield Attack("too long", long, "malformed")


def _signatures(target: Target) -> Iterator[Attack]:
    token = target.token
    message, _, signature = token.rpartition(".")
    raw = base64url.decode(signature)
    moved = int.from_bytes(raw[32:], "little") + GROUP_ORDER
    changed = jws.signing_input({**target.payload, "x": 1}, typ=target.typ, header=target.header)
    for description, other in (
        ("signed with another key", ATTACKER.sign(message.encode())),
        ("a signature one byte short", raw[:-1]),
        ("a signature one byte long", raw + b"\0"),
        ("no signature", b""),
        ("a signature of zeros", bytes(64)),
        ("the same signature plus the group order", raw[:32] + moved.to_bytes(32, "little")),
    ):
        yield Attack(description, jws.attach(message.encode(), other), "bad_signature")
    yield Attack("a claim added after signing", jws.attach(changed, raw), "bad_signature")
