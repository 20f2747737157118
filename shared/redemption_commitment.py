"""What a burn is bound to: one use by one holder, in bytes that buyer and seller compute alike. docs/proof.md"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from shared import strict_json

#: the version, in front of the fields: another one's commitments can never be read as these
DOMAIN = b"paywall redemption v2"
#: shows the right to ask, and is no part of what is asked
RECEIPT = "receipt"


def request_hash(body: Mapping[str, Any]) -> bytes:
    """SHA-256 of the canonical JSON (RFC 8785) of a request's members without `receipt`; ValueError as `canonical`.

    Every other member counts, whether the resource understands it or not: who sent the body can say what it is.
    """
    return sha256(canonical_request(body)).digest()


def canonical_request(body: Mapping[str, Any]) -> bytes:
    """The canonical JSON of a request's members without `receipt`; ValueError as `canonical`."""
    return strict_json.canonical({name: value for name, value in body.items() if name != RECEIPT})


def commitment(receipt_id: str, redemption_id: str, request_hash: bytes, idempotency_key: str) -> bytes:
    """SHA-256 of the domain and the four fields, each behind its length in bytes (4, big-endian).

    The lengths make one reading of the bytes the only one; texts are UTF-8, the request's hash its 32 bytes.
    """
    if len(request_hash) != sha256().digest_size:
        raise ValueError("a request's hash has 32 bytes")
    receipt, redemption, key = receipt_id.encode(), redemption_id.encode(), idempotency_key.encode()
    return sha256(
        b"%b%b%b%b%b%b%b%b%b"
        % (
            *(_HEAD, _length(receipt), receipt, _length(redemption), redemption),
            *(_length(request_hash), request_hash, _length(key), key),
        )
    ).digest()


def _length(field: bytes) -> bytes:
    return len(field).to_bytes(4, "big")


_HEAD = _length(DOMAIN) + DOMAIN
