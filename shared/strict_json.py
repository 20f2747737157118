"""JSON (RFC 8259) as I-JSON (RFC 7493) wants it: one meaning only, whichever parser reads it."""

import json
import math
import operator
import re
from typing import Any, NoReturn

from shared.text import is_storable

MAX_INT = 2**63 - 1
#: what every reader's numbers hold exactly (RFC 7493 section 2.2); canonical JSON has no others
MAX_SAFE_INT = 2**53 - 1

#: a bracket, or a string whole; one that never ends is taken to the text's end, and nothing is ever given back:
#: looking for an end that is not there from each quote anew would take time by the square of the text
_MARK = re.compile(r'[\[\]{}]|"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
#: characters of the longest integer that is read: int() takes time by the square of a text's digits
_MAX_INT_TEXT = len(str(-MAX_INT))


class StrictJsonError(ValueError):
    """The text is not JSON, or two readers could understand it differently, or it is over a limit."""


def loads(text: str | bytes, *, max_bytes: int = 65536, max_depth: int = 16) -> Any:
    """Parse one JSON value of at most `max_bytes` of UTF-8 and `max_depth` nested arrays and objects.

    Refused with StrictJsonError: duplicate names, NaN, Infinity and numbers that overflow to it, integers
    beyond 63 bits, a byte order mark, every other error of form, and what is JSON but no store can hold: NUL and
    lone surrogates, in values and in names.
    """
    try:
        text = _text_of(text, max_bytes)
        _check_depth(text, max_depth)
        value = _decoder.decode(text)
        if "\\u" in text:
            _check_escaped(value)
    except StrictJsonError:
        raise
    except ValueError as error:
        raise StrictJsonError(f"not JSON: {error}") from error
    return value


def dumps(value: Any) -> str:
    """Write `value` compactly, in insertion order; ValueError for NaN and Infinity."""
    return _encoder.encode(value)


def canonical(value: Any) -> bytes:
    """Write `value` as RFC 8785 (JCS) does: UTF-8, compact, members sorted by their names' UTF-16 code units.

    Strings, booleans, null, arrays, objects, and integers of at most 53 bits; ValueError for everything else, so
    that nobody needs the RFC's rules for writing floats.
    """
    return _encoder.encode(_sorted(value)).encode()


#: JCS's order
_UTF16 = operator.methodcaller("encode", "utf-16-be")


def _sorted(value: Any) -> Any:
    if type(value) is str:
        return value  # most are, and pay for no other question
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise ValueError("a member's name is a string")
        names = sorted(value, key=_UTF16)
        return {name: _sorted(value[name]) for name in names}
    if isinstance(value, list | tuple):
        return [_sorted(entry) for entry in value]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_SAFE_INT):
        raise ValueError("canonical JSON holds integers of at most 53 bits, and no other numbers")
    if value is None or isinstance(value, str | int):
        return value
    raise ValueError(f"{type(value).__name__} is not JSON")


def _text_of(text: str | bytes, max_bytes: int) -> str:
    raw = text.encode() if isinstance(text, str) else text
    if len(raw) > max_bytes:
        raise StrictJsonError(f"longer than {max_bytes} bytes")
    return text if isinstance(text, str) else text.decode()


def _check_depth(text: str, max_depth: int) -> None:
    """Refuse deep nesting before the recursive parser sees it."""
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for mark in _MARK.finditer(text):
        match text[mark.start()]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
        if depth > max_depth:
            raise StrictJsonError(f"nested deeper than {max_depth}")


def _check_escaped(value: Any) -> None:
    """Refuse what parses as an escape, and then fails wherever the text is next written or stored."""
    if isinstance(value, str):
        if not is_storable(value):
            raise StrictJsonError("a text holds NUL or half a character")
    elif isinstance(value, dict):
        for name, entry in value.items():
            _check_escaped(name)
            _check_escaped(entry)
    elif isinstance(value, list):
        for entry in value:
            _check_escaped(entry)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # The second of two equal names wins in most parsers and the first in some: that gap is an attack.
    value = dict(pairs)
    if len(value) != len(pairs):
        raise StrictJsonError("an object names a member twice")
    return value


def _int(text: str) -> int:
    if len(text) > _MAX_INT_TEXT or abs(value := int(text)) > MAX_INT:
        raise StrictJsonError("an integer is beyond 63 bits")
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise StrictJsonError("a number overflows")
    return value


def _constant(name: str) -> NoReturn:
    raise StrictJsonError(f"{name} is not JSON")


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant
)
_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
