"""Readers that are at fault on purpose: a campaign that does not find these finds nothing."""

import json
import re

from tests.fuzz.readers import FuzzedReader

#: the depth check as it once was: quadratic where a string does not end
QUADRATIC = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _untyped(data: bytes) -> object:
    return json.loads(data)["price"]["amount"]


def _quadratic(data: bytes) -> object:
    return QUADRATIC.sub("", data.decode("latin-1"))


def planted() -> dict[str, FuzzedReader]:
    """By name."""
    return {
        "planted: untyped": FuzzedReader(
            "planted: untyped", (b'{"price":{"amount":1}}',), _untyped, (ValueError,)
        ),
        "planted: quadratic": FuzzedReader(
            "planted: quadratic", (b'"' + b'\\"' * 8_000,), _quadratic, (ValueError,)
        ),
    }
