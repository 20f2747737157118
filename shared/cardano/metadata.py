"""What our transactions say in their metadata, under one label for payments and burns.

A payment carries the hash of the payment request's token, so that nobody else can claim it; a burn batch
carries the root of its redemptions' Merkle sum tree, the tokens that the tree adds up to, and how many leaves it has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LABEL = 8402
HASH = 32
#: version 1 was a plain Merkle tree whose leaves bound nobody
SUM_TREE = 2


@dataclass(frozen=True, slots=True)
class BatchCommitment:
    """What a burn batch commits to on the chain: the root's 32-byte hash, its sum in tokens, its leaves."""

    root: bytes
    tokens: int
    count: int
    version: int = SUM_TREE


def payment_metadata(token_hash: bytes) -> dict[int, dict[str, bytes]]:
    """`{8402: {"prt": token_hash}}`; the hash is SHA-256 of the token (`shared.tokens.prt.token_hash`)."""
    if len(token_hash) != HASH:
        raise ValueError("the token hash must have 32 bytes")
    return {LABEL: {"prt": token_hash}}


def burn_metadata(batch: BatchCommitment) -> dict[int, dict[str, bytes | int]]:
    """`{8402: {"v": version, "root": root, "sum": tokens, "count": count}}`; tokens ≥ count ≥ 1."""
    if len(batch.root) != HASH or not 1 <= batch.count <= batch.tokens:
        raise ValueError("a burn batch has a 32-byte root, and at least one redemption and a token for each")
    return {
        LABEL: {"v": batch.version, "root": batch.root, "sum": batch.tokens, "count": batch.count},
    }


def read_payment(metadata: Mapping[int, Any]) -> bytes | None:
    """The token hash in a transaction's metadata; None when it has none, or junk."""
    return _hash(_content(metadata).get("prt"))


def read_burn(metadata: Mapping[int, Any]) -> BatchCommitment | None:
    """What a burn transaction's metadata commits to; None when it has none, or junk."""
    content = _content(metadata)
    root = _hash(content.get("root"))
    version, tokens, count = (_whole(content.get(name)) for name in ("v", "sum", "count"))
    if root is None or version is None or tokens is None or count is None or tokens < count:
        return None
    return BatchCommitment(root, tokens, count, version)


def _content(metadata: Mapping[int, Any]) -> Mapping[Any, Any]:
    content = metadata.get(LABEL)
    return content if isinstance(content, Mapping) else {}


def _hash(value: object) -> bytes | None:
    return value if isinstance(value, bytes) and len(value) == HASH else None


def _whole(value: object) -> int | None:
    return value if type(value) is int and value >= 1 else None
