"""Compact JWS (RFC 7515) with EdDSA: the one place where tokens are made and read.

What JWT libraries let through (duplicate claims, NaN, appended padding, any `typ`, any size) is refused here.
Nothing in this module touches the network: keys come from the caller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from shared import strict_json
from shared.keys import PublicKey, SigningKey
from shared.tokens import base64url

MAX_BYTES = 8192
PROOF_TYPE = "dpop+jwt"

_PARTS = 3
_MAX_HEADER = 1024
# A kid, jku, x5u or crit would let the token choose its own key or rules, so headers hold these and no more.
_MEMBERS = {"alg", "typ"}
_PROOF_MEMBERS = {"alg", "typ", "jwk"}


class TokenError(ValueError):
    """A token that is refused; `reason` is a short stable word for it, such as "expired"."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason

    def __str__(self) -> str:
        return self.args[1] or self.reason


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token whose form is right and whose signature nobody has checked yet."""

    header: dict[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes

    def verified_by(self, keys: Sequence[PublicKey], *, typ: str) -> dict[str, Any]:
        """Return the payload when one of `keys` signed it as an EdDSA token of `typ`; else TokenError."""
        if self.header.get("alg") != "EdDSA":
            raise TokenError("wrong_algorithm", "a token is signed with EdDSA")
        if self.header.get("typ") != typ:
            raise TokenError("wrong_type", f"this is not a token of type {typ}")
        if self.header.keys() != (_PROOF_MEMBERS if typ == PROOF_TYPE else _MEMBERS):
            raise TokenError("header_not_allowed", "the token's header has other members than it may have")
        if not any(key.verify(self.signature, self.signed) for key in keys):
            raise TokenError("bad_signature", "the token's signature does not verify")
        return self.payload


def signing_input(
    payload: Mapping[str, Any], *, typ: str = "JWT", header: Mapping[str, Any] | None = None
) -> bytes:
    """Return the bytes to sign: the encoded header (alg, typ and `header`'s members), a dot, the payload."""
    head = _plain_head(typ) if header is None else _part({"alg": "EdDSA", "typ": typ, **header})
    return f"{head}.{_part(payload)}".encode("ascii")


def signing_input_of(payload_json: str) -> bytes:
    """Return the bytes to sign for a plain token whose payload is JSON already."""
    return f"{_plain_head('JWT')}.{base64url.encode(payload_json.encode())}".encode("ascii")


def attach(signing_input: bytes, signature: bytes) -> str:
    """Return the token made of `signing_input` and its `signature`."""
    return attached(signing_input, base64url.encode(signature))


def attached(signing_input: bytes, signature_part: str) -> str:
    """Return the token made of `signing_input` and a token's last part."""
    return f"{signing_input.decode('ascii')}.{signature_part}"


def sign(
    payload: Mapping[str, Any], key: SigningKey, *, typ: str = "JWT", header: Mapping[str, Any] | None = None
) -> str:
    """Return the token of `payload` signed with `key`."""
    message = signing_input(payload, typ=typ, header=header)
    return attach(message, key.sign(message))


def read(token: str, *, max_bytes: int = MAX_BYTES) -> Unverified:
    """Take a compact JWS apart, strictly; TokenError("malformed") unless every byte is as it must be."""
    if len(token) > max_bytes:
        raise TokenError("malformed", f"a token is text of at most {max_bytes} bytes")
    parts = token.split(".")
    if len(parts) != _PARTS:  # five parts would be a JWE
        raise TokenError("malformed", "a signed token has three parts")
    try:
        header = read_header(parts[0])
        payload = strict_json.loads(base64url.decode(parts[1]), max_bytes=max_bytes)
        signature = base64url.decode(parts[2])
    except ValueError as error:
        raise TokenError("malformed", f"the token cannot be read: {error}") from error
    if not isinstance(payload, dict):
        raise TokenError("malformed", "a token's payload is an object")
    return Unverified(dict(header), payload, token[: token.rindex(".")].encode("ascii"), signature)


@lru_cache(maxsize=1024)
def read_header(part: str) -> Mapping[str, Any]:
    """Return the header that a token begins with; ValueError. Headers repeat, so the last ones are kept."""
    header = strict_json.loads(base64url.decode(part), max_bytes=_MAX_HEADER)
    if not isinstance(header, dict):
        raise TokenError("malformed", "a token's header is an object")
    return header


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (header, payload) checked for form but NOT for signature: good for choosing a key, no more."""
    unverified = read(token)
    return unverified.header, unverified.payload


def verify(
    token: str, keys: Sequence[PublicKey], *, typ: str = "JWT", max_bytes: int = MAX_BYTES
) -> dict[str, Any]:
    """Return the payload of a `token` that one of `keys` signed; TokenError otherwise."""
    return read(token, max_bytes=max_bytes).verified_by(keys, typ=typ)


def _part(value: Mapping[str, Any]) -> str:
    return base64url.encode(strict_json.dumps(value).encode())


@cache
def _plain_head(typ: str) -> str:
    return _part({"alg": "EdDSA", "typ": typ})
