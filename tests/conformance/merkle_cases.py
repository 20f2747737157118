"""Vectors of the Merkle tree, worked out by the RFC's own recursion rather than by our loops."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

# The eight leaves of the Certificate Transparency project's tests.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]


def vectors() -> dict[str, Any]:
    """Return the file's content."""
    return {
        "about": "RFC 9162 section 2.1 with SHA-256, all bytes in hex. `trees`: the root of `leaves` and the "
        "inclusion proof of each leaf. `checks`: whether `leaf` is number `index` of `size` under `root` by "
        "`proof`. `redemptions`: the leaf data of a redemption.",
        "trees": [_tree(LEAVES[:size]) for size in range(len(LEAVES) + 1)],
        "checks": [*_good_checks(), *_bad_checks()],
        "redemptions": [
            {
                "description": "SHA-256 of the salt's bytes and the id's ASCII",
                "redemption_id": "rd_1",
                "salt": "00" * 16,
                "leaf": sha256(bytes(16) + b"rd_1").hexdigest(),
            }
        ],
    }


def mth(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash as section 2.1.1 defines it."""
    if len(leaves) < 2:
        return sha256(b"\0" + leaves[0]).digest() if leaves else sha256().digest()
    split = _split(len(leaves))
    return sha256(b"\1" + mth(leaves[:split]) + mth(leaves[split:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the inclusion proof as section 2.1.3.1 defines it."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*path(index, leaves[:split]), mth(leaves[split:])]
    return [*path(index - split, leaves[split:]), mth(leaves[:split])]


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _tree(leaves: list[bytes]) -> dict[str, Any]:
    return {
        "description": f"{len(leaves)} leaves",
        "leaves": [leaf.hex() for leaf in leaves],
        "root": mth(leaves).hex(),
        "proofs": [[node.hex() for node in path(index, leaves)] for index in range(len(leaves))],
    }


def _check(
    description: str, leaf: bytes, place: tuple[int, int], proof: list[bytes], good: bool
) -> dict[str, Any]:
    return {
        "description": description,
        "leaf": leaf.hex(),
        "index": place[0],
        "size": place[1],
        "proof": [node.hex() for node in proof],
        "root": mth(LEAVES[:7]).hex(),
        "expected": good,
    }


def _good_checks() -> Iterator[dict[str, Any]]:
    for index in range(7):
        yield _check(f"leaf {index} of 7", LEAVES[index], (index, 7), path(index, LEAVES[:7]), good=True)


def _bad_checks() -> Iterator[dict[str, Any]]:
    leaves = LEAVES[:7]
    proof = path(2, leaves)
    for description, leaf, place, nodes in (
        ("another leaf", LEAVES[3], (2, 7), proof),
        ("the index of a neighbour", LEAVES[2], (3, 7), proof),
        ("an index beyond the size", LEAVES[2], (7, 7), proof),
        ("a negative index", LEAVES[2], (-1, 7), proof),
        ("a size of zero", LEAVES[2], (0, 0), []),
        ("a size too small for the proof", LEAVES[2], (2, 4), proof),
        ("a size too large for the proof", LEAVES[2], (2, 9), proof),
        ("the proof without its end", LEAVES[2], (2, 7), proof[:-1]),
        ("the proof with one node more", LEAVES[2], (2, 7), [*proof, proof[0]]),
        ("the proof backwards", LEAVES[2], (2, 7), proof[::-1]),
        ("no proof", LEAVES[2], (2, 7), []),
        ("a node of 31 bytes", LEAVES[2], (2, 7), [proof[0][:-1], *proof[1:]]),
        ("an inner node shown as a leaf", mth(leaves[2:3]) + mth(leaves[3:4]), (1, 4), proof[1:]),
        ("the last leaf shown as the only one", LEAVES[6], (0, 1), path(6, leaves)),
        ("the root shown as the only leaf", mth(leaves), (0, 1), []),
    ):
        yield _check(description, leaf, place, nodes, good=False)
