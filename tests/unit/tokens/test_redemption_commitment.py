"""What a leaf binds: every field counts, and no field can borrow from its neighbour."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.redemption_commitment import commitment, request_hash

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
FIELDS = st.tuples(TEXT, TEXT, st.binary(min_size=32, max_size=32), TEXT)


@given(FIELDS, FIELDS)
def test_two_uses_have_one_commitment_only_when_every_field_is_the_same(one: Any, other: Any) -> None:
    assert (commitment(*one) == commitment(*other)) == (one == other)


@given(TEXT, TEXT, TEXT, st.integers(0, 6))
def test_a_field_cannot_end_later_than_it_does(one: str, other: str, key: str, shift: int) -> None:
    both, split = one + other, min(shift, len(one + other))
    moved = commitment(both[:split], both[split:], bytes(32), key)
    assert (moved == commitment(one, other, bytes(32), key)) == (both[:split] == one)


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commitment("receipt", "redemption", bytes(31), "key")


@given(st.dictionaries(TEXT, TEXT), TEXT)
def test_the_receipt_is_no_part_of_the_request_and_the_order_of_members_neither(
    body: dict[str, str], token: str
) -> None:
    body.pop("receipt", None)
    turned = dict(reversed(body.items()))
    assert request_hash(body) == request_hash({"receipt": token, **turned})
