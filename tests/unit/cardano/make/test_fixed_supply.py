"""The policy of a fixed supply: its compiled bytes are its source's, its parameters are opshin's and readable."""

import json

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cardano.fixed_supply import FixedSupply, NotFixedSupplyError, read
from tests.support.services import policy_compiler

SUPPLY = FixedSupply(("ab" * 32, 3), b"CREATE", 1_000_000, bytes(range(28)))
SUPPLIES = st.builds(
    FixedSupply,
    st.tuples(st.binary(min_size=32, max_size=32).map(bytes.hex), st.integers(0, 65535)),
    st.binary(max_size=32),
    st.integers(1, 2**63 - 1),
    st.binary(min_size=28, max_size=28),
)
EDGES = {
    "the usual": SUPPLY,
    "the least": FixedSupply(("00" * 32, 0), b"", 1, bytes(28)),
    "the most": FixedSupply(("ff" * 32, 65535), b"x" * 32, 2**63 - 1, b"\xff" * 28),
    "numbers of one byte": FixedSupply(("00" * 32, 23), b"A", 23, bytes(28)),
    "numbers of two": FixedSupply(("00" * 32, 24), b"AB", 24, bytes(28)),
    "numbers of three": FixedSupply(("00" * 32, 256), b"ABC", 256, bytes(28)),
}

# All tests of one worker share the compilation, which takes seconds.


@pytest.mark.filterwarnings("ignore")  # opshin's and its parsers' own
def test_the_source_compiles_to_the_bytes_that_are_kept() -> None:
    kept = json.loads(policy_compiler.COMPILED.read_text("utf-8"))
    assert policy_compiler.opening().hex() == kept["opening"], (
        "run: python -m tests.support.services.policy_compiler; every policy id of a new supply will change with it"
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("supply", EDGES.values(), ids=EDGES.keys())
def test_the_parameterised_script_is_opshins_byte_for_byte(supply: FixedSupply) -> None:
    assert policy_compiler.parameterised(supply) == supply.script


@pytest.mark.filterwarnings("ignore")
def test_the_policy_id_is_what_pycardano_computes() -> None:
    from pycardano import PlutusV3Script, plutus_script_hash  # type: ignore[import-untyped]  # it has none

    assert plutus_script_hash(PlutusV3Script(SUPPLY.script)).payload.hex() == SUPPLY.policy_id


def test_a_policy_id_does_not_change_with_our_versions() -> None:
    """Tokens live for ever: the supplies that were minted must still be recognised."""
    assert SUPPLY.policy_id == "2c08590b0cea651ea3db39a60b07c96dd1a2070b011b53d2a01a6a0f"


@given(SUPPLIES)
def test_the_parameters_are_read_back_from_the_script(supply: FixedSupply) -> None:
    assert read(supply.script) == supply


@given(SUPPLIES, SUPPLIES)
def test_two_supplies_never_share_a_policy(one: FixedSupply, other: FixedSupply) -> None:
    assert (one.policy_id == other.policy_id) == (one == other)


@given(st.data())
def test_a_script_with_one_other_byte_is_another_supplys_or_none(data: st.DataObject) -> None:
    script = bytearray(SUPPLY.script)
    place = data.draw(st.integers(0, len(script) - 1))
    script[place] ^= data.draw(st.integers(1, 255))
    try:
        found = read(bytes(script))
    except NotFixedSupplyError:
        return
    assert found != SUPPLY
    assert found.script == bytes(script)


@given(st.binary(max_size=900))
def test_other_bytes_are_no_fixed_supply(raw: bytes) -> None:
    with pytest.raises(NotFixedSupplyError):
        read(raw)


FLAT: bytes = cbor2.loads(SUPPLY.script)
SPELLINGS = {
    "bytes after the end": cbor2.dumps(FLAT + b"\x01"),
    "the CBOR string in chunks": b"\x5f" + cbor2.dumps(FLAT[:100]) + cbor2.dumps(FLAT[100:]) + b"\xff",
    "wrapped twice": cbor2.dumps(SUPPLY.script),
    "a name that is text": SUPPLY.script.replace(b"\x46CREATE", b"\x66CREATE"),
    "a quantity in more bytes": cbor2.dumps(
        FLAT.replace(b"\x05\x1a\x00\x0f\x42\x40", b"\x09\x1b" + (10**6).to_bytes(8))
    ),
}


@pytest.mark.parametrize("raw", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_another_spelling_of_the_same_parameters_is_refused(raw: bytes) -> None:
    assert raw != SUPPLY.script
    with pytest.raises(NotFixedSupplyError):
        read(raw)


OUT_OF_BOUNDS = {
    "no tokens": lambda: FixedSupply(("00" * 32, 0), b"", 0, bytes(28)),
    "more than the ledger counts": lambda: FixedSupply(("00" * 32, 0), b"", 2**63, bytes(28)),
    "a long name": lambda: FixedSupply(("00" * 32, 0), b"x" * 33, 1, bytes(28)),
    "a short key hash": lambda: FixedSupply(("00" * 32, 0), b"", 1, bytes(27)),
    "a short transaction hash": lambda: FixedSupply(("00" * 31, 0), b"", 1, bytes(28)),
    "a transaction hash in capitals": lambda: FixedSupply(("AB" * 32, 0), b"", 1, bytes(28)),
    "an index below zero": lambda: FixedSupply(("00" * 32, -1), b"", 1, bytes(28)),
}


@pytest.mark.parametrize("make", OUT_OF_BOUNDS.values(), ids=OUT_OF_BOUNDS.keys())
def test_parameters_that_the_ledger_cannot_hold_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"supply"):
        make()
