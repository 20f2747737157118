from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import merkle
from tests.conformance.merkle_cases import LEAVES, mth, path

# The roots that the Certificate Transparency project publishes for these leaves (RFC 6962, RFC 9162).
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

TREES = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


def leaves_of(size: int) -> list[bytes]:
    return [number.to_bytes(2, "big") for number in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_the_known_ones(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == KNOWN_ROOTS[size]


@given(TREES)
def test_root_and_proofs_are_those_of_the_recursive_definition(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == mth(leaves)
    for index in range(len(leaves)):
        assert merkle.proof(leaves, index) == path(index, leaves)


@given(TREES)
def test_every_leaf_proves_itself(leaves: list[bytes]) -> None:
    root = merkle.root(leaves)
    for index, leaf in enumerate(leaves):
        assert merkle.verify(leaf, index, len(leaves), merkle.proof(leaves, index), root)


@given(st.data(), st.integers(1, 70))
def test_any_change_of_a_byte_is_refused(data: st.DataObject, size: int) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    parts = [leaves[index], merkle.root(leaves), *merkle.proof(leaves, index)]
    which = data.draw(st.integers(0, len(parts) - 1))
    place = data.draw(st.integers(0, len(parts[which]) - 1))
    changed = bytearray(parts[which])
    changed[place] ^= data.draw(st.integers(1, 255))
    parts[which] = bytes(changed)
    assert not merkle.verify(parts[0], index, size, parts[2:], parts[1])


@given(st.integers(1, 70), st.integers(-2, 72), st.data())
def test_no_leaf_stands_at_another_index(size: int, claimed: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
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
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    good = merkle.verify(leaves[index], index, claimed, merkle.proof(leaves, index), merkle.root(leaves))
    assert good == (index < claimed and shape(index, claimed) == shape(index, size))


@given(st.integers(1, 70), st.data())
def test_a_proof_has_exactly_its_length(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    root, proof = merkle.root(leaves), merkle.proof(leaves, index)
    assert not merkle.verify(leaves[index], index, size, [*proof, bytes(32)], root)
    if proof:
        assert not merkle.verify(leaves[index], index, size, proof[:-1], root)
        assert not merkle.verify(leaves[index], index, size, proof[1:], root)


@pytest.mark.parametrize("index", [-1, 1])
def test_the_only_leaf_has_one_index(index: int) -> None:
    assert not merkle.verify(b"leaf", index, 1, [], merkle.root([b"leaf"]))


def test_the_last_leaf_of_many_is_not_the_only_one() -> None:
    """Its path has siblings on the left only, so it would verify if the size did not end the proof."""
    leaves = leaves_of(8)
    assert not merkle.verify(leaves[7], 0, 1, merkle.proof(leaves, 7), merkle.root(leaves))


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_proof_of_a_leaf_outside(index: int) -> None:
    with pytest.raises(IndexError):
        merkle.proof(leaves_of(3), index)


def test_a_redemption_leaf_hides_the_id_behind_the_salt() -> None:
    assert merkle.redemption_leaf("rd_1", b"salt") == sha256(b"saltrd_1").digest()
    assert merkle.redemption_leaf("rd_1", b"other") != merkle.redemption_leaf("rd_1", b"salt")
