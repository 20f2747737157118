"""The Merkle tree of RFC 9162 section 2.1: root, inclusion proof, and its check. SHA-256 throughout.

Leaves are hashed with a 0x00 before them and nodes with a 0x01, so that no node can pass for a leaf.
"""

from collections.abc import Sequence
from hashlib import sha256

_HASH_BYTES = 32


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the tree's 32-byte root; that of no leaves is the hash of nothing (section 2.1.1)."""
    if not leaves:
        return sha256(b"").digest()
    row = [_leaf(leaf) for leaf in leaves]
    while len(row) > 1:
        row = _parents(row)
    return row[0]


def proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the inclusion proof of `leaves[index]`, from the leaf up (section 2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of a tree of {len(leaves)}")
    row, path = [_leaf(leaf) for leaf in leaves], []
    while len(row) > 1:
        if index ^ 1 < len(row):
            path.append(row[index ^ 1])
        row, index = _parents(row), index >> 1
    return path


def verify(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `leaf` is number `index` in the tree of `size` leaves with this root (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last = _leaf(leaf), size - 1
    for sibling in proof:
        if last == 0 or len(sibling) != _HASH_BYTES:
            return False
        if index & 1 or index == last:
            node = _node(sibling, node)
            while index and not index & 1:  # the levels at which this node had no sibling
                index, last = index >> 1, last >> 1
        else:
            node = _node(node, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def redemption_leaf(redemption_id: str, salt: bytes) -> bytes:
    """Return a redemption's leaf, SHA-256(salt || id); the tree hashes it once more.

    The salt keeps outsiders from trying ids against a root that stands on a public chain.
    """
    return sha256(salt + redemption_id.encode("ascii")).digest()


def _leaf(data: bytes) -> bytes:
    return sha256(b"\0" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def _parents(row: list[bytes]) -> list[bytes]:
    """The last of an odd row goes up unchanged; that is the RFC's split at the largest power of two."""
    pairs = [_node(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
    return pairs + row[-1:] if len(row) % 2 else pairs
