"""Vectors of the Merkle sum tree, worked out by the RFC's own recursion rather than by our loops."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

#: a node: its hash, and the sum of the quantities below it
Node = tuple[bytes, int]

MOST = 2**63 - 1
QUANTITIES = [1, 5, 2, 1, 1, 1000, 2**40, 3]
SALTS = [bytes([number]) * 16 for number in range(8)]
COMMITMENTS = [sha256(bytes([number])).digest() for number in range(8)]
RECEIPT_ID = "urn:uuid:5f0c3c9e-2a51-4b44-9f5e-1c6a3c1d7e20"
REDEMPTION_ID = "0b8f4a52-8f0e-4d6e-9d3b-6a1f2c3d4e5f"
KEY = "4c1a7d1e-93a5-4f0a-8f51-1f0f6f4d2b3c"
BODY = {"name": "Abraham Lincoln"}


def leaf(salt: bytes, commitment: bytes, quantity: int) -> Node:
    return sha256(b"\0" + salt + commitment + quantity.to_bytes(8, "big")).digest(), quantity


LEAVES = [leaf(*parts) for parts in zip(SALTS, COMMITMENTS, QUANTITIES, strict=True)]


def node(left: Node, right: Node) -> Node:
    parts = b"".join(half[0] + half[1].to_bytes(8, "big") for half in (left, right))
    return sha256(b"\1" + parts).digest(), left[1] + right[1]


def mth(leaves: Sequence[Node]) -> Node:
    """Return the Merkle tree hash as section 2.1.1 defines it, with sums."""
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return node(mth(leaves[:split]), mth(leaves[split:]))


def path(index: int, leaves: Sequence[Node]) -> list[Node]:
    """Return the inclusion proof as section 2.1.3.1 defines it, with sums."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*path(index, leaves[:split]), mth(leaves[split:])]
    return [*path(index - split, leaves[split:]), mth(leaves[:split])]


def commitment(*fields: bytes) -> bytes:
    """Return the hash of the domain and the fields, each behind its length."""
    parts = [b"paywall redemption v2", *fields]
    return sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def vectors() -> dict[str, Any]:
    """Return the file's content."""
    return {
        "about": "The Merkle sum tree of docs/proof.md: RFC 9162 section 2.1 with SHA-256 and a sum in every node; all "
        'bytes in hex, a node is {"hash", "sum"}. `requests`: the canonical form and hash of a request\'s members. '
        "`commitments`: of a use's four fields. `leaves`: of salt, commitment and quantity. `trees`: root and each "
        "leaf's path. `checks`: whether `leaf` is number `index` of `size` under `root` by `path`.",
        "requests": list(_requests()),
        "commitments": list(_commitments()),
        "leaves": list(_leaves()),
        "trees": [_tree(LEAVES[:size]) for size in range(1, len(LEAVES) + 1)],
        "checks": [*_good_checks(), *_bad_checks()],
    }


def _requests() -> Iterator[dict[str, Any]]:
    for description, body, canonical in (
        ("nothing", {}, b"{}"),
        ("a name", BODY, b'{"name":"Abraham Lincoln"}'),
        ("the receipt is no part of the request", {**BODY, "receipt": "a.b.c"}, b'{"name":"Abraham Lincoln"}'),
        ("text beyond ASCII as UTF-8", {"prompt": "ein Löwe \U0001f981"}, '{"prompt":"ein Löwe \U0001f981"}'.encode()),
        ("control characters and quotes", {"a": '\u0001\t"\\/'}, b'{"a":"\\u0001\\t\\"\\\\/"}'),
        (
            "members in the order of UTF-16",
            {"\ufb33": 1, "\U0001f600": 2, "1": 3},
            '{"1":3,"\U0001f600":2,"\ufb33":1}'.encode(),
        ),
        (
            "values of every kind, in objects too",
            {"z": [True, False, None, -1, 2**53 - 1], "a": {"y": [], "x": {}}},
            b'{"a":{"x":{},"y":[]},"z":[true,false,null,-1,9007199254740991]}',
        ),
    ):  # fmt: skip
        yield {
            "description": description,
            "body": body,
            "canonical": canonical.hex(),
            "request_hash": sha256(canonical).hexdigest(),
        }


def _commitments() -> Iterator[dict[str, Any]]:
    asked = sha256(b'{"name":"Abraham Lincoln"}').digest()
    for description, receipt_id, redemption_id, request_hash, key in (
        ("a use", RECEIPT_ID, REDEMPTION_ID, asked, KEY),
        ("another receipt", RECEIPT_ID[:-1] + "1", REDEMPTION_ID, asked, KEY),
        ("another redemption", RECEIPT_ID, REDEMPTION_ID[:-1] + "e", asked, KEY),
        ("another request", RECEIPT_ID, REDEMPTION_ID, sha256(b"{}").digest(), KEY),
        ("another key", RECEIPT_ID, REDEMPTION_ID, asked, "k"),
        ("a character that went to the next field", RECEIPT_ID + "0", REDEMPTION_ID[1:], asked, KEY),
    ):
        yield {
            "description": description,
            "receipt_id": receipt_id,
            "redemption_id": redemption_id,
            "request_hash": request_hash.hex(),
            "idempotency_key": key,
            "commitment": commitment(
                receipt_id.encode(), redemption_id.encode(), request_hash, key.encode()
            ).hex(),
        }


def _leaves() -> Iterator[dict[str, Any]]:
    for quantity, good in ((1, True), (5, True), (MOST, True), (0, False), (-1, False), (MOST + 1, False)):
        yield {
            "description": f"a quantity of {quantity}",
            "salt": SALTS[7].hex(),
            "commitment": COMMITMENTS[7].hex(),
            "quantity": quantity,
            "leaf": leaf(SALTS[7], COMMITMENTS[7], quantity)[0].hex() if good else None,
        }


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _shown(one: Node) -> dict[str, Any]:
    return {"hash": one[0].hex(), "sum": one[1]}


def _tree(leaves: list[Node]) -> dict[str, Any]:
    return {
        "description": f"{len(leaves)} leaves",
        "leaves": [_shown(one) for one in leaves],
        "root": _shown(mth(leaves)),
        "paths": [[_shown(one) for one in path(index, leaves)] for index in range(len(leaves))],
    }


def _check(
    description: str, leaf: Node, place: tuple[int, int], path: list[Node], root: Node
) -> dict[str, Any]:
    return {
        "description": description,
        "leaf": _shown(leaf),
        "index": place[0],
        "size": place[1],
        "path": [_shown(one) for one in path],
        "root": _shown(root),
    }


def _good_checks() -> Iterator[dict[str, Any]]:
    for index in range(7):
        siblings = path(index, LEAVES[:7])
        yield _check(f"leaf {index} of 7", LEAVES[index], (index, 7), siblings, mth(LEAVES[:7])) | {
            "expected": True
        }


def _bad_checks() -> Iterator[dict[str, Any]]:
    leaves = LEAVES[:7]
    good, root, proof = LEAVES[2], mth(leaves), path(2, leaves)
    (sibling, quantity), *above = proof
    for description, one, place, nodes in (
        ("another leaf", LEAVES[3], (2, 7), proof),
        ("the same leaf with more tokens", (good[0], good[1] + 1), (2, 7), proof),
        (
            "a token moved from the sibling to the leaf",
            (good[0], 3),
            (2, 7),
            [(sibling, quantity - 1), *above],
        ),
        ("a leaf of nothing", (good[0], 0), (2, 7), [(sibling, quantity + 2), *above]),
        ("a leaf below nothing", (good[0], -1), (2, 7), [(sibling, quantity + 3), *above]),
        ("a sibling of nothing", good, (2, 7), [(sibling, 0), *above]),
        ("a sibling below nothing", good, (2, 7), [(sibling, -1), *above]),
        ("a sibling's sum beyond 63 bits", good, (2, 7), [(sibling, MOST + 1), *above]),
        ("a sibling's sum beyond 64 bits", good, (2, 7), [(sibling, quantity + 2**64), *above]),
        ("sums that overflow together", good, (2, 7), [(sibling, MOST), *above]),
        ("the index of a neighbour", good, (3, 7), proof),
        ("an index beyond the size", good, (7, 7), proof),
        ("a negative index", good, (-1, 7), proof),
        ("a size of zero", good, (0, 0), []),
        ("a size too small for the path", good, (2, 4), proof),
        ("a size too large for the path", good, (2, 9), proof),
        ("the path without its end", good, (2, 7), proof[:-1]),
        ("the path with one node more", good, (2, 7), [*proof, proof[0]]),
        ("the path backwards", good, (2, 7), proof[::-1]),
        ("no path", good, (2, 7), []),
        ("a node of 31 bytes", good, (2, 7), [(sibling[:-1], quantity), *above]),
        ("the last leaf shown as the only one", LEAVES[6], (0, 1), path(6, leaves)),
    ):
        yield _check(description, one, place, nodes, root) | {"expected": False}
    overflowing = [leaf(SALTS[0], COMMITMENTS[0], MOST), leaf(SALTS[1], COMMITMENTS[1], 1)]
    yield _check(
        "a tree whose sum overflows", overflowing[0], (0, 2), overflowing[1:], node(*overflowing)
    ) | {"expected": False}
    yield _check("a root with another sum", good, (2, 7), proof, (root[0], root[1] + 1)) | {"expected": False}
