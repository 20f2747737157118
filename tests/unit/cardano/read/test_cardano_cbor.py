import contextlib
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.cardano.read.cbor import MAX_DEPTH, CborError, Reader, Tagged

# Values of RFC 8949 appendix A that can occur in transactions.
VECTORS = {
    "00": 0,
    "17": 23,
    "1818": 24,
    "1800": 0,
    "1903e8": 1000,
    "1bffffffffffffffff": 2**64 - 1,
    "20": -1,
    "3bffffffffffffffff": -(2**64),
    "f4": False,
    "f5": True,
    "f6": None,
    "4401020304": b"\1\2\3\4",
    "6161": "a",
    "62c3bc": "ü",
    "80": (),
    "83010203": (1, 2, 3),
    "a201020304": {1: 2, 3: 4},
    "5f42010243030405ff": b"\1\2\3\4\5",
    "7f657374726561646d696e67ff": "streaming",
    "9f018202039f0405ffff": (1, (2, 3), (4, 5)),
    "bf61610161629f0203ffff": {"a": 1, "b": (2, 3)},
    "c11a514b67b0": Tagged(1, 1363896240),
}
REFUSED = {
    "nothing": "",
    "cut number": "18",
    "cut bytes": "44010203",
    "huge list": "9b1000000000000000",
    "huge map": "bb1000000000000000",
    "huge bytes": "5b7fffffffffffffff",
    "reserved length": "1c",
    "indefinite number": "1f",
    "indefinite tag": "df00",
    "lone break": "ff",
    "break in a list": "81ff",
    "number in a string": "5f00ff",
    "string in a string": "5f5f4100ffff",
    "text in bytes": "5f6161ff",
    "open list": "9f01",
    "open string": "5f4101",
    "not UTF-8": "61ff",
    "half float": "f93c00",
    "float": "fb3ff199999999999a",
    "undefined": "f7",
    "simple 24": "f818",
    "long simple": "f814",
    "duplicate key": "a201010102",
    "duplicate key, written longer": "a20101180102",
    "bool key": "a1f500",
    "null key": "a1f600",
    "map key": "a1a00000",
    "map inside a key": "a181a000",
}


@pytest.mark.parametrize(("encoded", "value"), VECTORS.items(), ids=VECTORS.keys())
def test_the_vectors_of_rfc_8949_are_read(encoded: str, value: Any) -> None:
    reader = Reader(bytes.fromhex(encoded))
    assert reader.item() == value
    assert reader.at == len(encoded) // 2


@pytest.mark.parametrize("encoded", REFUSED.values(), ids=REFUSED.keys())
def test_what_no_transaction_holds_is_refused(encoded: str) -> None:
    with pytest.raises(CborError):
        Reader(bytes.fromhex(encoded)).item()


@pytest.mark.parametrize(
    "opener", [b"\x81", b"\x9f", b"\xa1\x00", b"\xc1"], ids=["list", "open list", "map", "tag"]
)
def test_deep_nesting_is_refused_before_it_hurts(opener: bytes) -> None:
    assert Reader(opener * MAX_DEPTH + b"\x00" + b"\xff" * MAX_DEPTH).item() is not None
    with pytest.raises(CborError, match="deep"):
        Reader(opener * 16_000).item()


def test_the_same_depth_side_by_side_is_not_counted_twice() -> None:
    assert len(Reader(b"\x98\x64" + b"\x81\x00" * 100).item()) == 100


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary() | st.text(),
    lambda inner: (
        st.lists(inner).map(tuple) | st.dictionaries(st.integers(0, 99) | st.binary() | st.text(), inner)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(values)
def test_it_reads_what_cbor2_writes(value: Any) -> None:
    assert Reader(cbor2.dumps(value)).item() == value


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    with contextlib.suppress(CborError):
        Reader(raw).item()
