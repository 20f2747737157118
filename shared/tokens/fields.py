"""Typed reading of a token's claims: a claim that is missing or of another kind is a TokenError("bad_claim").

A claim that is present and null counts as wrong, not as absent: other verifiers refuse it too.
"""

import re
from collections.abc import Mapping
from typing import Any

from shared.strict_json import MAX_INT
from shared.tokens.jws import TokenError

LEEWAY = 60  # seconds that the other side's clock may run ahead of ours
MAX_TEXT = 8192

Fields = Mapping[str, Any]


def bad(name: str, why: str) -> TokenError:
    """Return the error for the claim `name`."""
    return TokenError("bad_claim", f"the claim {name} {why}")


def text(claims: Fields, name: str) -> str:
    """Return a claim that is text and not empty."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise bad(name, "is missing or is not text")
    return value


def optional_text(claims: Fields, name: str) -> str | None:
    """Return a text claim, or None when it is absent."""
    return text(claims, name) if name in claims else None


def matching(claims: Fields, name: str, form: re.Pattern[str]) -> str:
    """Return a text claim that is of `form` as a whole."""
    value = text(claims, name)
    if not form.fullmatch(value):
        raise bad(name, "has another form")
    return value


def whole(claims: Fields, name: str, low: int = 0, high: int = MAX_INT) -> int:
    """Return a claim that is an integer from `low` to `high`; neither true nor 1.0 is one."""
    value = claims.get(name)
    if type(value) is not int or not low <= value <= high:
        raise bad(name, f"is missing or is not a whole number from {low} to {high}")
    return value


def mapping(claims: Fields, name: str) -> dict[str, Any]:
    """Return a claim that is an object."""
    value = claims.get(name)
    if not isinstance(value, dict):
        raise bad(name, "is missing or is not an object")
    return value


def refuse_audience(claims: Fields) -> None:
    """Refuse any `aud`: our tokens have none, so one that has it was made for somebody else."""
    if "aud" in claims:
        raise TokenError("wrong_audience", "the token names an audience")


def check_started(claims: Fields, name: str, now: int) -> int:
    """Return the time claim `name`, refused when it lies more than the leeway after `now`."""
    started = whole(claims, name)
    if started > now + LEEWAY:
        raise TokenError("not_yet_valid", f"the token's {name} lies in the future")
    return started


def check_running(expires_at: int, now: int) -> None:
    """Refuse a token at and after `expires_at`, without leeway (RFC 7519 section 4.1.4)."""
    if now >= expires_at:
        raise TokenError("expired", "the token has expired")
