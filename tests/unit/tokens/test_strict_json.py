import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import strict_json
from shared.strict_json import StrictJsonError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


@given(PLAIN)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert strict_json.loads(strict_json.dumps(value), max_depth=100) == value


@given(PLAIN, st.booleans())
def test_plain_values_are_read_as_the_standard_library_reads_them(value: Any, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=1)
    assert strict_json.loads(text, max_depth=100) == json.loads(text)
    assert strict_json.loads(text.encode(), max_depth=100) == json.loads(text)


@given(st.text() | st.binary())
def test_any_text_is_read_or_refused_and_never_anything_else(text: str | bytes) -> None:
    try:
        strict_json.loads(text)
    except StrictJsonError:
        return
    assert json.loads(text) == strict_json.loads(text)


def test_the_form_is_compact_in_insertion_order_and_not_escaped() -> None:
    assert strict_json.dumps({"b": [1, "é"], "a": None}) == '{"b":[1,"é"],"a":null}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": float("-inf")}], ids=str)
def test_numbers_that_are_none_are_not_written(value: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        strict_json.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":2}',
        '[{"b":{"a":1,"a":2}}]',
        "NaN",
        "[Infinity]",
        '{"a":-Infinity}',
        "1e400",
        "-1e400",
        str(2**63),
        str(-(2**63)),
        "9" * 5000,
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '{"\\udfff":1}',
        '["\ud800"]',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\xc0\xaf"',
        "\ufeff{}",
        "{}".encode("utf-16"),
        "",
        "{} {}",
        "{'a':1}",
        "[1,]",
        "01",
        "1.",
        '"\t"',
        "\x0b1",
        "[1]]",
        "[" * 17 + "]" * 17,
        "[" * 60000,
        '{"a":' * 10000,
        "true" + " " * 65536,
    ],
    ids=lambda text: repr(text[:24]),
)
def test_texts_with_more_than_one_meaning_or_none_are_refused(text: str | bytes) -> None:
    with pytest.raises(StrictJsonError):
        strict_json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 16 + "]" * 16,
        "[" + ",".join(["[]"] * 100) + "]",
        '["' + "[" * 100 + '"]',
        '["' + '\\"[' * 100 + '"]',
        '["\\\\"' + ',"["' * 100 + "]",
        str(2**63 - 1),
        '"\\ud83d\\ude00"',
        "-0",
    ],
    ids=lambda text: text[:24],
)
def test_many_brackets_without_depth_and_the_last_good_values_are_read(text: str) -> None:
    assert strict_json.loads(text) == json.loads(text)


def test_the_limit_counts_bytes_and_not_characters() -> None:
    assert strict_json.loads('"é"', max_bytes=4) == "é"
    with pytest.raises(StrictJsonError, match="longer"):
        strict_json.loads('"é"', max_bytes=3)


CANONICAL: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def turned(value: Any) -> Any:
    """The same value, its members the other way round."""
    if isinstance(value, dict):
        return {name: turned(value[name]) for name in reversed(value)}
    return [turned(entry) for entry in value] if isinstance(value, list) else value


@given(CANONICAL)
def test_the_canonical_form_is_one_whatever_the_order_of_members_and_means_the_same(value: Any) -> None:
    written = strict_json.canonical(value)
    assert written == strict_json.canonical(turned(value))
    assert strict_json.loads(written, max_depth=100) == value


NOT_CANONICAL = [
    1.5,
    2**53,
    -(2**53),
    float("nan"),
    {1: 2},
    {"a": [0.0]},
    b"bytes",
    {"a"},
    "\ud800",
    {"\ud800": 1},
]


@pytest.mark.parametrize("value", NOT_CANONICAL, ids=repr)
def test_what_two_readers_could_write_differently_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the kind is all that matters
        strict_json.canonical(value)
