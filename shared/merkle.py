"""A Merkle sum tree: every node commits to its hash and to the sum of the quantities below it.

The shape is that of RFC 9162 section 2.1, the sums are those of proofs of liabilities (Maxwell, Todd), SHA-256
throughout. Whoever builds the tree, the leaves that verify against one root never add up to more than its sum:
each node's hash fixes its two children with their sums, none is negative, and no addition may overflow.
docs/proof.md has the bytes.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
SALT_BYTES = 16
#: a ledger's quantities are 63-bit; a sum beyond that is refused by who builds and by who verifies
MAX_SUM = 2**63 - 1

# What a leaf hashes has 57 bytes and begins with 0x00, a node 81 and 0x01: neither can pass for the other.
_LEAF, _NODE = b"\0", b"\1"


class SumNode(NamedTuple):
    """A leaf, an inner node or the root: its 32-byte hash, and the sum of the quantities below it."""

    hash: bytes
    sum: int


def leaf(salt: bytes, commitment: bytes, quantity: int) -> SumNode:
    """SHA-256(0x00 ‖ salt ‖ commitment ‖ quantity), 16 + 32 + 8 bytes; ValueError for other lengths, or a
    quantity outside of 1…2^63−1.

    The salt keeps outsiders from trying commitments against a root that stands on a public chain.
    """
    if len(salt) != SALT_BYTES or len(commitment) != HASH_BYTES:
        raise ValueError("a leaf has a salt of 16 bytes and a commitment of 32")
    if not 1 <= quantity <= MAX_SUM:
        raise ValueError("a quantity is 1 to 2^63-1")
    return SumNode(sha256(_LEAF + salt + commitment + quantity.to_bytes(8)).digest(), quantity)


def root(leaves: Sequence[SumNode]) -> SumNode:
    """The tree's root; ValueError for no leaves, and for a sum beyond `MAX_SUM`."""
    row = _checked(leaves)
    while len(row) > 1:
        row = _parents(row)
    return row[0]


def proof(leaves: Sequence[SumNode], index: int) -> list[SumNode]:
    """The siblings of `leaves[index]` and of its ancestors, from the leaf up; IndexError, ValueError as `root`."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of a tree of {len(leaves)}")
    row, path = _checked(leaves), []
    while len(row) > 1:
        if index ^ 1 < len(row):
            path.append(row[index ^ 1])
        row, index = _parents(row), index >> 1
    return path


def verify(leaf: SumNode, index: int, size: int, path: Sequence[SumNode], root: SumNode) -> bool:
    """Tell whether `leaf` is number `index` of `size` in the tree with this root, and its quantity in its sum.

    The walk is that of RFC 9162 section 2.1.3.2; nothing that a liar can put into `path` raises.
    """
    if not 0 <= index < size or not _is_fit(leaf):
        return False
    node, last = leaf, size - 1
    for sibling in path:
        if last == 0 or not _is_fit(sibling) or node.sum + sibling.sum > MAX_SUM:
            return False
        if index & 1 or index == last:
            node = _parent(sibling, node)
            while index and not index & 1:  # the levels at which this node had no sibling
                index, last = index >> 1, last >> 1
        else:
            node = _parent(node, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def _parent(left: SumNode, right: SumNode) -> SumNode:
    (left_hash, left_sum), (right_hash, right_sum) = left, right
    content = _NODE + left_hash + left_sum.to_bytes(8) + right_hash + right_sum.to_bytes(8)
    return SumNode(sha256(content).digest(), left_sum + right_sum)


def _parents(row: list[SumNode]) -> list[SumNode]:
    """The last of an odd row goes up unchanged; that is the RFC's split at the largest power of two."""
    pairs = [_parent(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
    return pairs + row[-1:] if len(row) % 2 else pairs


def _checked(leaves: Sequence[SumNode]) -> list[SumNode]:
    """The whole tree's sum is the largest in it: when that fits, all do."""
    if not leaves or not all(map(_is_fit, leaves)):
        raise ValueError("a tree has at least one leaf, and a quantity is 1 to 2^63-1")
    if sum(node.sum for node in leaves) > MAX_SUM:
        raise ValueError("the quantities add up to more than 2^63-1")
    return list(leaves)


def _is_fit(node: SumNode) -> bool:
    return len(node.hash) == HASH_BYTES and 1 <= node.sum <= MAX_SUM
