"""Reading single values out of a seller's JSON: the right type, or a TypeError."""

import re
from typing import TypeVar

T = TypeVar("T")

_REDEMPTION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_-]{0,127}")


def typed(value: object, kind: type[T]) -> T:
    """`value` when it is exactly of `kind`. Not isinstance: True is an int, and nobody sells True credits."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value


def text(value: object) -> str:
    """Text that is safe to compare and to put into a hash or a path: ASCII alone."""
    if not typed(value, str).isascii():
        raise TypeError(f"{value!r} is not plain text")
    return str(value)


def count(value: object) -> int:
    """A whole number, zero or more."""
    if typed(value, int) < 0:
        raise TypeError(f"{value!r} is less than nothing")
    return typed(value, int)


def redemption_id(value: object) -> str:
    """An id as sellers give them: it becomes part of a path, of a file's name and of a burn's leaf."""
    if not _REDEMPTION_ID.fullmatch(typed(value, str)):
        raise TypeError("that is not a redemption id")
    return str(value)
