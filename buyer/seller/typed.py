"""Reading single values out of a seller's JSON: the right type, or a TypeError."""

from typing import TypeVar

T = TypeVar("T")


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
