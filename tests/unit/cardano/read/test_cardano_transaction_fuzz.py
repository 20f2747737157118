"""Whatever the bytes: a parsed transaction or `TransactionError`, and nothing else."""

from hashlib import blake2b
from typing import Any

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.cardano.read.transaction import ParsedTransaction, TransactionError, parse
from tests.unit.cardano.cardano_samples import SCRIPT, assembled, burn, payment, plain_body, signed, utxo

BUILT = [signed(payment(utxo(1, 10_000_000, CREATE=1))), signed(burn(utxo(1, 9_000_000, CREATE=9), count=2))]
edits = st.lists(
    st.tuples(st.integers(0, 450), st.integers(0, 2), st.binary(max_size=9)), min_size=1, max_size=6
)


def read(raw: bytes) -> ParsedTransaction | None:
    try:
        return parse(raw)
    except TransactionError:
        return None


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_refused(raw: bytes) -> None:
    assert read(raw) is None


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(BUILT), edits)
def test_a_mutated_transaction_never_passes_as_the_signed_one(built: Any, changes: Any) -> None:
    raw = built.raw
    for place, cut, filling in changes:
        raw = raw[:place] + filling + raw[place + cut :]
    parsed = read(raw)
    if parsed is not None and parsed.signers:
        # Only what the signature does not cover may differ: the metadata, and then its hash is wrong.
        assert parsed.id == built.id
        assert parsed.metadata == parse(built.raw).metadata or not parsed.auxiliary_data_hash_ok


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 22) | st.binary(max_size=32), inner, max_size=4)
        | st.builds(cbor2.CBORTag, st.sampled_from([2, 24, 30, 121, 258, 259]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([0, 1, 2, 3, 7, 9, 14, 15]), junk, min_size=1, max_size=3))
def test_a_signed_body_with_junk_in_its_fields_raises_nothing_else(fields: dict[int, Any]) -> None:
    read(assembled(plain_body() | fields))


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 8), junk, max_size=3), junk)
def test_junk_witnesses_and_junk_metadata_raise_nothing_else(
    witnesses: dict[int, Any], auxiliary: Any
) -> None:
    read(assembled(plain_body(), witnesses=cbor2.dumps(witnesses), auxiliary=cbor2.dumps(auxiliary)))


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 2**64 - 1), junk, max_size=3))
def test_the_hash_of_any_metadata_is_checked_over_its_bytes(metadata: dict[int, Any]) -> None:
    auxiliary = cbor2.dumps(metadata)
    digest = blake2b(auxiliary, digest_size=32).digest()
    parsed = read(
        assembled(plain_body() | {7: digest}, auxiliary=auxiliary, witnesses=b"\xa1\x01\x81" + SCRIPT)
    )
    if parsed is not None:
        assert parsed.auxiliary_data_hash_ok
