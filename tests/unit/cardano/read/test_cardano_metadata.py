from typing import Any

import pytest

from shared.cardano.metadata import (
    LABEL,
    BatchCommitment,
    burn_metadata,
    payment_metadata,
    read_burn,
    read_payment,
)

HASH = bytes(range(32))


def test_a_payment_carries_the_hash_of_its_token() -> None:
    assert read_payment(payment_metadata(HASH)) == HASH


@pytest.mark.parametrize("batch", [BatchCommitment(HASH, 8, 3), BatchCommitment(HASH, 3, 3, version=1)])
def test_a_burn_carries_its_version_its_root_its_tokens_and_its_leaves(batch: BatchCommitment) -> None:
    assert read_burn(burn_metadata(batch)) == batch


def test_the_metadata_of_a_burn_is_the_map_that_the_docs_say() -> None:
    assert burn_metadata(BatchCommitment(HASH, 8, 3)) == {8402: {"v": 2, "root": HASH, "sum": 8, "count": 3}}


JUNK = {
    "none": None,
    "number": 5,
    "text": "text",
    "list": (HASH,),
    "empty": {},
    "hex": {"prt": HASH.hex(), "v": 2, "root": HASH.hex(), "sum": 1, "count": 1},
    "short": {"prt": HASH[:31], "v": 2, "root": HASH[:31], "sum": 1, "count": 1},
    "no count": {"prt": None, "v": 2, "root": HASH, "sum": 1},
    "no sum": {"v": 2, "root": HASH, "count": 1},
    "no version": {"root": HASH, "sum": 1, "count": 1},
    "fewer tokens than leaves": {"v": 2, "root": HASH, "sum": 1, "count": 2},
    "a plain tree's": {"root": HASH, "count": 1},
    "zero": {"v": 2, "root": HASH, "sum": 0, "count": 0},
    "bool": {"v": 2, "root": HASH, "sum": 1, "count": True},
    "digits": {"v": 2, "root": HASH, "sum": "1", "count": 1},
    "other keys": {1: 2},
}


@pytest.mark.parametrize("content", JUNK.values(), ids=JUNK.keys())
def test_junk_reads_as_nothing(content: Any) -> None:
    assert read_payment({LABEL: content}) is None
    assert read_burn({LABEL: content}) is None


def test_other_labels_are_passed_over() -> None:
    assert read_payment({674: {"prt": HASH}}) is None


def test_metadata_of_wrong_lengths_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        payment_metadata(HASH[:31])
    with pytest.raises(ValueError, match="32-byte"):
        burn_metadata(BatchCommitment(HASH[:31], 1, 1))
    with pytest.raises(ValueError, match="at least one"):
        burn_metadata(BatchCommitment(HASH, 0, 0))
    with pytest.raises(ValueError, match="a token for each"):
        burn_metadata(BatchCommitment(HASH, 2, 3))
