"""Ed25519 keys and how they are named: did:key, did:web, JWK (RFC 8037), DID documents."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import base58
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.bindings import crypto_sign, crypto_sign_open
from nacl.exceptions import BadSignatureError

from shared.loopback import is_loopback
from shared.tokens import base64url

_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_MULTICODEC = b"\xed\x01"  # ed25519-pub, as a varint
_DID_KEY_LENGTH = 56
_MAX_METHODS = 20
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")

_FIELD = 2**255 - 19
_SIGN_BIT = 2**255
_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# The y of every point whose order divides 8. With such a key one signature verifies for many messages.
_SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8})


class InvalidKeyError(ValueError):
    """Not an Ed25519 key, or not in the one spelling that we accept."""


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key: `raw` is its 32 bytes (RFC 8032 section 5.1.2)."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != _KEY_BYTES:
            raise InvalidKeyError("an Ed25519 public key has 32 bytes")
        y = int.from_bytes(self.raw, "little") % _SIGN_BIT
        if y >= _FIELD or y in _SMALL_ORDER:
            raise InvalidKeyError("a non-canonical or small-order Ed25519 point is nobody's key")

    @classmethod
    def from_did_key(cls, did: str) -> "PublicKey":
        """Read `did:key:z6Mk…` (base58btc, multicodec 0xed01, 32 bytes); InvalidKeyError otherwise."""
        if len(did) != _DID_KEY_LENGTH or not did.startswith("did:key:z"):
            raise InvalidKeyError("not a did:key of an Ed25519 key")
        try:
            key = cls(base58.b58decode(did[9:])[len(_MULTICODEC) :])
        except ValueError as error:
            raise InvalidKeyError(f"not a did:key of an Ed25519 key: {error}") from error
        # Encoding again refuses every other multicodec and spelling: one key, one name.
        if key.did != did:
            raise InvalidKeyError("not a canonical did:key of an Ed25519 key")
        return key

    @classmethod
    def from_jwk(cls, jwk: object) -> "PublicKey":
        """Read a public JWK (RFC 8037 section 2); members that we do not know are ignored (RFC 7517)."""
        if not isinstance(jwk, Mapping) or jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
            raise InvalidKeyError("not a JWK of an Ed25519 key")
        if "d" in jwk:
            raise InvalidKeyError("a private key was sent where a public one belongs")
        x = jwk.get("x")
        if not isinstance(x, str):
            raise InvalidKeyError("the JWK has no x")
        try:
            return cls(base64url.decode(x))
        except ValueError as error:
            raise InvalidKeyError(f"the JWK's x is wrong: {error}") from error

    @cached_property
    def did(self) -> str:
        """The key as `did:key:z6Mk…`."""
        return "did:key:z" + base58.b58encode(_MULTICODEC + self.raw).decode("ascii")

    @property
    def jwk(self) -> dict[str, str]:
        """The key as a public JWK: kty, crv, x."""
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(self.raw)}

    @cached_property
    def thumbprint(self) -> str:
        """The JWK thumbprint (RFC 7638 with SHA-256, base64url): names in code point order, no spaces."""
        canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{base64url.encode(self.raw)}"}}'
        return base64url.encode(sha256(canonical.encode("ascii")).digest())

    @cached_property
    def native(self) -> Ed25519PublicKey:
        """The key as the cryptography library holds it."""
        return Ed25519PublicKey.from_public_bytes(self.raw)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Tell whether `signature` (64 bytes) is this key's over `message`."""
        if len(signature) != _SIGNATURE_BYTES:
            return False
        try:
            crypto_sign_open(signature + message, self.raw)  # libsodium: half of OpenSSL's time
        except BadSignatureError:
            return False
        return True


class SigningKey:
    """An Ed25519 private key. Its representation names the public half only, so that logs stay clean."""

    __slots__ = ("_native", "_secret", "public")

    def __init__(self, native: Ed25519PrivateKey) -> None:
        self._native = native
        self.public = PublicKey(native.public_key().public_bytes_raw())
        self._secret = native.private_bytes_raw() + self.public.raw  # as libsodium has it

    def __repr__(self) -> str:
        return f"SigningKey({self.public.did})"

    @classmethod
    def generate(cls) -> "SigningKey":
        """Make a key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Make the key of a 32-byte seed (RFC 8032 calls it the private key)."""
        if len(seed) != _KEY_BYTES:
            raise InvalidKeyError("an Ed25519 seed has 32 bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        """Read an unencrypted PKCS#8 PEM file."""
        try:
            native = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise InvalidKeyError("not an unencrypted PEM private key") from error
        if not isinstance(native, Ed25519PrivateKey):
            raise InvalidKeyError("the PEM file holds another kind of key than Ed25519")
        return cls(native)

    def to_pem(self) -> bytes:
        """Write an unencrypted PKCS#8 PEM file."""
        return self._native.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes that make this key."""
        return self._native.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of `message`."""
        return crypto_sign(message, self._secret)[:_SIGNATURE_BYTES]


def did_web(url: str) -> str:
    """Return the did:web of an https address, `https://x.y:8443/a` → `did:web:x.y%3A8443:a`.

    Plain http only for this machine: anybody on the way could answer with another key.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidKeyError(f"not an address: {url!r}") from error
    segments = parts.path.strip("/").split("/") if parts.path.strip("/") else []
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise InvalidKeyError(f"a did:web needs https: {url!r}")
    if parts.username is not None or parts.query or parts.fragment:
        raise InvalidKeyError(f"a did:web address has no user, query or fragment: {url!r}")
    if not all(_SEGMENT.fullmatch(part) for part in (host, *segments)):
        raise InvalidKeyError(f"a did:web cannot name this host or path: {url!r}")
    return ":".join(["did:web", host if port is None else f"{host}%3A{port}", *segments])


def did_document(did: str, keys: Sequence[PublicKey]) -> dict[str, Any]:
    """Return the DID document that lists `keys` under `did`, each named by its thumbprint.

    JsonWebKey2020 with publicKeyJwk is the form that the npm resolvers read; `JsonWebKey` they refuse.
    """
    ids = [f"{did}#{key.thumbprint}" for key in keys]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"],
        "id": did,
        "verificationMethod": [
            {"id": name, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": key.jwk}
            for name, key in zip(ids, keys, strict=True)
        ],
        "authentication": ids,
        "assertionMethod": ids,
    }


def keys_of_document(document: object, did: str) -> list[PublicKey]:
    """Return the Ed25519 keys that `did` signs claims with (its assertionMethod), from its DID document.

    Methods of other kinds are passed over; InvalidKeyError when the document is another's, is not of this
    form, or leaves no key.
    """
    if not isinstance(document, Mapping) or document.get("id") != did:
        raise InvalidKeyError(f"not the DID document of {did}")
    methods, named = document.get("verificationMethod"), document.get("assertionMethod")
    if not isinstance(methods, list) or not isinstance(named, list) or len(methods) > _MAX_METHODS:
        raise InvalidKeyError("the DID document lists no keys, or too many")
    keys = [_key_of_method(method, did) for method in methods if _may_assert(method, did, named)]
    if not keys:
        raise InvalidKeyError("the DID document has no Ed25519 key that may sign claims")
    return keys


def _may_assert(method: object, did: str, named: list[object]) -> bool:
    if not isinstance(method, Mapping) or not isinstance(method.get("id"), str):
        raise InvalidKeyError("a verification method has no id")
    name = did + method["id"] if method["id"].startswith("#") else method["id"]
    jwk = method.get("publicKeyJwk")
    ours = method.get("type") == "JsonWebKey2020" and isinstance(jwk, Mapping) and jwk.get("crv") == "Ed25519"
    return ours and (name in named or name.removeprefix(did) in named)


def _key_of_method(method: Mapping[str, object], did: str) -> PublicKey:
    # A method that another DID controls would let that DID's holder speak for this one.
    if method.get("controller") != did:
        raise InvalidKeyError("a key of the DID document is controlled by another DID")
    return PublicKey.from_jwk(method["publicKeyJwk"])
