"""What our transactions say in their metadata, under one label for payments and burns.

A payment carries the hash of the payment request's token, so that nobody else can claim it; a burn batch
carries the Merkle root of its redemptions and their count.
"""

from collections.abc import Mapping
from typing import Any

LABEL = 8402
HASH = 32


def payment_metadata(token_hash: bytes) -> dict[int, dict[str, bytes]]:
    """`{8402: {"prt": token_hash}}`; the hash is SHA-256 of the token (`payment_request.token_hash`)."""
    if len(token_hash) != HASH:
        raise ValueError("the token hash must have 32 bytes")
    return {LABEL: {"prt": token_hash}}


def burn_metadata(root: bytes, count: int) -> dict[int, dict[str, bytes | int]]:
    """`{8402: {"root": root, "count": count}}`; root after RFC 9162, count ≥ 1."""
    if len(root) != HASH or count < 1:
        raise ValueError("a burn batch has a 32-byte root and at least one redemption")
    return {LABEL: {"root": root, "count": count}}


def read_payment(metadata: Mapping[int, Any]) -> bytes | None:
    """The token hash in a transaction's metadata; None when it has none, or junk."""
    return _hash(_content(metadata).get("prt"))


def read_burn(metadata: Mapping[int, Any]) -> tuple[bytes, int] | None:
    """The root and the count in a burn transaction's metadata; None when it has none, or junk."""
    content = _content(metadata)
    root, count = _hash(content.get("root")), content.get("count")
    if root is None or type(count) is not int or count < 1:
        return None
    return root, count


def _content(metadata: Mapping[int, Any]) -> Mapping[Any, Any]:
    content = metadata.get(LABEL)
    return content if isinstance(content, Mapping) else {}


def _hash(value: object) -> bytes | None:
    return value if isinstance(value, bytes) and len(value) == HASH else None
