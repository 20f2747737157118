"""A key of Coinbase's Developer Platform, which signs each request to its facilitator: a JWT that names the request.

The form is that of Coinbase's own SDK (coinbase/cdp-sdk, python/cdp/auth/utils/jwt.py): Ed25519 as the base64 of seed
and public key, or a P-256 key as PEM.
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from shared import strict_json
from shared.tokens import base64url

ISSUER, AUDIENCE = "cdp", "cdp_service"
#: how long one signed request is good for
SECONDS = 120
_SEED, _PAIR, _HALF = 32, 64, 32


class CdpKeyInvalid(ValueError):
    """Neither of the two forms that Coinbase gives out."""


class CdpKey:
    """`key_id` is Coinbase's name of it; `clock` gives Unix seconds. Its secret is shown nowhere."""

    def __init__(self, key_id: str, secret: str, clock: Callable[[], int]) -> None:
        """Errors: CdpKeyInvalid."""
        self._id = key_id
        self._clock = clock
        self._algorithm, self._sign = _signer(secret)

    def authorization(self, method: str, url: str) -> str:
        """The header `Authorization` of one request, good for it alone."""
        now, target = self._clock(), urlsplit(url)
        header = {"alg": self._algorithm, "kid": self._id, "typ": "JWT", "nonce": secrets.token_hex(16)}
        claims = {
            "sub": self._id,
            "iss": ISSUER,
            "aud": [AUDIENCE],
            "nbf": now,
            "exp": now + SECONDS,
            "uris": [f"{method} {target.netloc}{target.path}"],
        }
        signed = ".".join(base64url.encode(strict_json.dumps(part).encode()) for part in (header, claims))
        return f"Bearer {signed}.{base64url.encode(self._sign(signed.encode()))}"


def _signer(secret: str) -> tuple[str, Callable[[bytes], bytes]]:
    """Errors: CdpKeyInvalid."""
    if "-----BEGIN" in secret:
        return "ES256", _p256(secret.replace("\\n", "\n"))  # environments hold no line breaks
    try:
        raw = base64.b64decode(secret, validate=True)
    except binascii.Error as error:
        raise CdpKeyInvalid from error
    if len(raw) != _PAIR:
        raise CdpKeyInvalid
    native = Ed25519PrivateKey.from_private_bytes(raw[:_SEED])
    if native.public_key().public_bytes_raw() != raw[_SEED:]:
        raise CdpKeyInvalid
    return "EdDSA", native.sign


def _p256(pem: str) -> Callable[[bytes], bytes]:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise CdpKeyInvalid from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CdpKeyInvalid
    native = key

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(native.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_HALF) + s.to_bytes(_HALF)  # RFC 7518 section 3.4

    return sign
