"""Typed reading of a chain service's JSON: what has another shape is `ChainUnavailable`, never a KeyError."""

import re
from collections.abc import Mapping
from typing import Any

from shared.chain.base import ChainUnavailable

HASH = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[0-9]{1,20}")


def strange(what: str) -> ChainUnavailable:
    """The error for an answer without a usable `what`."""
    return ChainUnavailable(f"the chain service's answer has no usable {what}")


def text(told: object, name: str) -> str:
    """The string that the object has under `name`."""
    value = _field(told, name)
    if not isinstance(value, str):
        raise strange(name)
    return value


def digest(told: object, name: str) -> str:
    """A 32-byte hash in lower-case hex."""
    return matching(HASH, _field(told, name), name)


def integer(told: object, name: str) -> int:
    """A number ≥ 0, which Blockfrost writes as a string where it may be large."""
    value = _field(told, name)
    if type(value) is int and value >= 0:
        return value
    return int(matching(_NUMBER, value, name))


def magnitude(told: object, name: str) -> int:
    """The number in a string, whatever its sign: some services write what was burned below zero."""
    return int(matching(_NUMBER, text(told, name).removeprefix("-"), name))


def amounts(entry: object) -> dict[str, int]:
    """Blockfrost's `amount`, a list of units and quantities, by unit; lovelace is one of them."""
    listed = _field(entry, "amount")
    if not isinstance(listed, list):
        raise strange("amount")
    return {text(amount, "unit"): integer(amount, "quantity") for amount in listed}


def matching(form: re.Pattern[str], value: object, what: str) -> str:
    """`value` itself, when it is a string of the given form."""
    if not isinstance(value, str) or not form.fullmatch(value):
        raise strange(what)
    return value


def _field(told: object, name: str) -> Any:
    if not isinstance(told, Mapping) or name not in told:
        raise strange(name)
    return told[name]
