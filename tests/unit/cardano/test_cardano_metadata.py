from typing import Any

import pytest

from shared.cardano.metadata import LABEL, burn_metadata, payment_metadata, read_burn, read_payment

HASH = bytes(range(32))


def test_a_payment_carries_the_hash_of_its_token() -> None:
    assert read_payment(payment_metadata(HASH)) == HASH


def test_a_burn_carries_its_root_and_count() -> None:
    assert read_burn(burn_metadata(HASH, 7)) == (HASH, 7)


JUNK = {
    "none": None,
    "number": 5,
    "text": "text",
    "list": (HASH,),
    "empty": {},
    "hex": {"prt": HASH.hex(), "root": HASH.hex(), "count": 1},
    "short": {"prt": HASH[:31], "root": HASH[:31], "count": 1},
    "no count": {"prt": None, "root": HASH},
    "zero": {"root": HASH, "count": 0},
    "bool": {"root": HASH, "count": True},
    "digits": {"root": HASH, "count": "1"},
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
        burn_metadata(HASH[:31], 1)
    with pytest.raises(ValueError, match="at least one"):
        burn_metadata(HASH, 0)
