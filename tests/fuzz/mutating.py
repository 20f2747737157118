"""Mutations that keep the form: one value of a JSON or CBOR document becomes an odd one, or another member appears."""

import random
from collections.abc import Callable
from typing import Any

import cbor2

from shared import strict_json

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 10**19, 0.5, -0.0),
    *(
        "",
        "0",
        "a" * 300,
        "\x00",
        "\u202e",
        "é",
        "did:web:",
        "http://a:1:2/",
        "1e9",
        [],
        [[]],
        {},
        {"": None},
    ),
)
ODD_BYTES: tuple[Any, ...] = (b"", b"\x00" * 28, b"\xff" * 32, b"a" * 65, {0: 0}, {b"": -1}, [0, {}])
Form = tuple[Callable[[bytes], Any], Callable[[Any], bytes]]

FORMS: dict[str, Form] = {
    "json": (strict_json.loads, lambda value: strict_json.dumps(value).encode("utf-8", "surrogatepass")),
    "cbor": (cbor2.loads, cbor2.dumps),
}


def mutated(form: str, data: bytes, seed: int) -> bytes | None:
    """The document with one value changed; None when it is none."""
    read, write = FORMS[form]
    chance = random.Random(seed)
    try:
        return write(_changed(read(data), chance, ODD if form == "json" else (*ODD[:14], *ODD_BYTES)))
    except Exception:  # noqa: BLE001  cbor2 makes dates, decimals and expressions of tags, with errors of their own
        return None


def _changed(value: Any, chance: random.Random, odd: tuple[Any, ...]) -> Any:
    """One place of the value, chosen on the way down, is another."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        return _member(dict(value), chance, odd)
    if isinstance(value, list) and value and chance.random() < 0.9:
        return _entry(list(value), chance, odd)
    return chance.choice(odd)


def _member(value: dict[Any, Any], chance: random.Random, odd: tuple[Any, ...]) -> dict[Any, Any]:
    name = chance.choice(list(value))
    match chance.randrange(6):
        case 0:
            del value[name]
        case 1:
            value[chance.choice([*value, 0, "x"])] = value[name]
        case _:
            value[name] = _changed(value[name], chance, odd)
    return value


def _entry(value: list[Any], chance: random.Random, odd: tuple[Any, ...]) -> list[Any]:
    place = chance.randrange(len(value))
    match chance.randrange(6):
        case 0:
            del value[place]
        case 1:
            value.insert(place, value[place])
        case _:
            value[place] = _changed(value[place], chance, odd)
    return value
