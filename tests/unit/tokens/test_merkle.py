"""The Merkle sum tree: the shape of RFC 9162, sums that hold, and builders who lie."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import merkle
from shared.merkle import MAX_SUM, SumNode
from tests.conformance.merkle_cases import mth, path

QUANTITIES = st.lists(st.integers(1, 2**40), min_size=1, max_size=70)


def leaves_of(quantities: Sequence[int]) -> list[SumNode]:
    return [
        merkle.leaf(number.to_bytes(16), number.to_bytes(32), quantity)
        for number, quantity in enumerate(quantities)
    ]


@given(QUANTITIES)
def test_root_and_paths_are_those_of_the_recursive_definition(quantities: list[int]) -> None:
    leaves = leaves_of(quantities)
    assert merkle.root(leaves) == mth(leaves)
    assert merkle.root(leaves).sum == sum(quantities)
    for index in range(len(leaves)):
        assert merkle.proof(leaves, index) == path(index, leaves)


@given(QUANTITIES)
def test_every_leaf_proves_itself(quantities: list[int]) -> None:
    leaves = leaves_of(quantities)
    root = merkle.root(leaves)
    for index, leaf in enumerate(leaves):
        assert merkle.verify(leaf, index, len(leaves), merkle.proof(leaves, index), root)


@given(st.data(), QUANTITIES)
def test_any_change_of_a_byte_or_of_a_sum_is_refused(data: st.DataObject, quantities: list[int]) -> None:
    leaves = leaves_of(quantities)
    index = data.draw(st.integers(0, len(leaves) - 1))
    parts = [leaves[index], merkle.root(leaves), *merkle.proof(leaves, index)]
    which = data.draw(st.integers(0, len(parts) - 1))
    if data.draw(st.booleans()):
        changed = bytearray(parts[which].hash)
        changed[data.draw(st.integers(0, 31))] ^= data.draw(st.integers(1, 255))
        parts[which] = parts[which]._replace(hash=bytes(changed))
    else:
        other = data.draw(st.integers(-(2**65), 2**65).filter(lambda value: value != parts[which].sum))
        parts[which] = parts[which]._replace(sum=other)
    assert not merkle.verify(parts[0], index, len(leaves), parts[2:], parts[1])


@given(st.integers(1, 70), st.integers(-2, 72), st.data())
def test_no_leaf_stands_at_another_index(size: int, claimed: int, data: st.DataObject) -> None:
    leaves = leaves_of([1] * size)
    index = data.draw(st.integers(0, size - 1))
    good = merkle.verify(leaves[index], claimed, size, merkle.proof(leaves, index), merkle.root(leaves))
    assert good == (claimed == index)


def shape(index: int, size: int) -> list[bool]:
    """Tell for each level that has a sibling whether it stands on the left."""
    found, last = [], size - 1
    while last:
        if index % 2 or index < last:
            found.append(bool(index % 2))
        index, last = index // 2, last // 2
    return found


@given(st.integers(1, 70), st.integers(0, 140), st.data())
def test_a_wrong_size_is_refused_wherever_it_changes_the_path(
    size: int, claimed: int, data: st.DataObject
) -> None:
    """The root does not commit to the size: where the path is the same, the metadata must give the size."""
    leaves = leaves_of([1] * size)
    index = data.draw(st.integers(0, size - 1))
    good = merkle.verify(leaves[index], index, claimed, merkle.proof(leaves, index), merkle.root(leaves))
    assert good == (index < claimed and shape(index, claimed) == shape(index, size))


@given(st.integers(1, 70), st.data())
def test_a_path_has_exactly_its_length(size: int, data: st.DataObject) -> None:
    leaves = leaves_of([1] * size)
    index = data.draw(st.integers(0, size - 1))
    root, proof = merkle.root(leaves), merkle.proof(leaves, index)
    assert not merkle.verify(leaves[index], index, size, [*proof, SumNode(bytes(32), 1)], root)
    if proof:
        assert not merkle.verify(leaves[index], index, size, proof[:-1], root)
        assert not merkle.verify(leaves[index], index, size, proof[1:], root)


@pytest.mark.parametrize("index", [-1, 1])
def test_the_only_leaf_has_one_index(index: int) -> None:
    (leaf,) = leaves_of([3])
    assert not merkle.verify(leaf, index, 1, [], merkle.root([leaf]))


def test_the_last_leaf_of_many_is_not_the_only_one() -> None:
    """Its path has siblings on the left only, so it would verify if the size did not end the path."""
    leaves = leaves_of([1] * 8)
    assert not merkle.verify(leaves[7], 0, 1, merkle.proof(leaves, 7), merkle.root(leaves))


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_path_of_a_leaf_outside(index: int) -> None:
    with pytest.raises(IndexError):
        merkle.proof(leaves_of([1, 1, 1]), index)


def test_a_tree_of_nothing_has_no_root() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        merkle.root([])


@pytest.mark.parametrize("quantity", [0, -1, MAX_SUM + 1, 2**64])
def test_a_quantity_out_of_range_makes_no_leaf_and_no_tree(quantity: int) -> None:
    with pytest.raises(ValueError, match="quantity"):
        merkle.leaf(bytes(16), bytes(32), quantity)
    with pytest.raises(ValueError, match="quantity"):
        merkle.root([SumNode(bytes(32), quantity), *leaves_of([1])])


@pytest.mark.parametrize(("salt", "commitment"), [(15, 32), (17, 31), (16, 31), (0, 48)])
def test_parts_of_other_lengths_make_no_leaf(salt: int, commitment: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        merkle.leaf(bytes(salt), bytes(commitment), 1)


def test_a_sum_may_reach_63_bits_and_no_more() -> None:
    whole = leaves_of([MAX_SUM - 2, 1, 1])
    assert merkle.root(whole).sum == MAX_SUM
    assert merkle.verify(whole[0], 0, 3, merkle.proof(whole, 0), merkle.root(whole))
    for build in (merkle.root, lambda leaves: merkle.proof(leaves, 0)):
        with pytest.raises(ValueError, match="more than"):
            build(leaves_of([MAX_SUM - 2, 1, 2]))


# A lying builder: it hashes whatever it likes, and shows whatever it likes to each of its victims.

#: honest, nothing, below nothing, and what an unsigned or a signed 64-bit sum would wrap around with
SUMS = st.one_of(
    st.integers(0, 6),
    st.integers(-6, -1),
    st.sampled_from([MAX_SUM - 1, MAX_SUM, MAX_SUM + 1, 2**64 - 3, 2**64 - 1, 2**64, 2**64 + 5]),
)


def forged(left: SumNode, right: SumNode) -> bytes:
    """The hash of a node by a builder who minds no range: sums modulo 2^64."""
    parts = b"".join(one.hash + (one.sum % 2**64).to_bytes(8) for one in (left, right))
    return sha256(b"\1" + parts).digest()


@st.composite
def lying_trees(draw: st.DrawFn) -> tuple[list[SumNode], list[list[SumNode]], SumNode]:
    """Leaves as their victims compute them, the rows of a tree with any sums in it, and the root that is shown."""
    quantities = draw(st.lists(st.one_of(st.integers(1, 6), st.just(MAX_SUM)), min_size=1, max_size=9))
    leaves = leaves_of(quantities)
    if len(leaves) > 1 and draw(st.booleans()):
        leaves[-1] = leaves[0]
    rows = [[one._replace(sum=draw(SUMS)) if draw(st.booleans()) else one for one in leaves]]
    while len(rows[-1]) > 1:
        row = rows[-1]
        above = []
        for left, right in zip(row[::2], row[1::2], strict=False):
            true = left.sum + right.sum
            above.append(SumNode(forged(left, right), draw(st.one_of(st.just(true), SUMS))))
        rows.append(above + row[-1:] if len(row) % 2 else above)
    top = rows[-1][0]
    return leaves, rows, SumNode(top.hash, draw(st.one_of(st.just(top.sum), st.integers(1, 20))))


def shown_path(data: st.DataObject, rows: list[list[SumNode]], index: int) -> list[SumNode]:
    """The path that a victim is shown: the tree's own, or with other sums, or of another shape."""
    path = []
    for row in rows[:-1]:
        if index ^ 1 < len(row):
            path.append(row[index ^ 1])
        index >>= 1
    change = data.draw(st.sampled_from(["none", "none", "sum", "drop", "add", "turn"]))
    if change == "sum" and path:
        which = data.draw(st.integers(0, len(path) - 1))
        path[which] = path[which]._replace(sum=data.draw(SUMS))
    elif change == "drop":
        path = path[1:]
    elif change == "add":
        path.append(SumNode(bytes(32), 1))
    elif change == "turn":
        path.reverse()
    return path


@given(st.data(), lying_trees())
def test_whatever_a_liar_builds_the_leaves_that_verify_never_claim_more_than_the_root(
    data: st.DataObject, tree: tuple[list[SumNode], list[list[SumNode]], SumNode]
) -> None:
    leaves, rows, root = tree
    size = len(leaves)
    claimed: dict[int, int] = {}
    for index, leaf in enumerate(leaves):
        for _ in range(2):
            if merkle.verify(leaf, index, size, shown_path(data, rows, index), root):
                claimed[index] = leaf.sum
    assert not claimed or sum(claimed.values()) <= root.sum


@given(st.data(), st.lists(st.integers(1, 5), min_size=2, max_size=9))
def test_tokens_that_are_moved_from_one_leaf_to_another_are_missing_there(
    data: st.DataObject, quantities: list[int]
) -> None:
    """An otherwise honest tree whose root tells less than its leaves: somebody's leaf does not verify."""
    leaves = leaves_of(quantities)
    short = data.draw(st.integers(0, len(leaves) - 1))
    told = [one._replace(sum=max(one.sum - 1, 1)) if at == short else one for at, one in enumerate(leaves)]
    root = mth(told)
    good = [
        leaf.sum
        for index, leaf in enumerate(leaves)
        if merkle.verify(
            leaf, index, len(leaves), [SumNode(*one) for one in path(index, told)], SumNode(*root)
        )
    ]
    assert not good or sum(good) <= root[1]
    assert len(good) == len(leaves) or quantities[short] > 1
