"""Extensions of x402 version 2 that say the same in each 402: `payment-identifier`, and `bazaar` for listings.

A payer may name what he wants to pay once by an identifier of 16 to 128 letters, digits, hyphens and underscores.
"""

import re
from collections.abc import Mapping
from typing import Any

from shared.tokens import fields

IDENTIFIER, BAZAAR = "payment-identifier", "bazaar"
_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_FORM = "^[a-zA-Z0-9_-]+$"
_NAMED = re.compile(r"[a-zA-Z0-9_-]{16,128}")
_BODIES = frozenset({"POST", "PUT", "PATCH"})


def extensions(method: str) -> dict[str, Any]:
    """What a 402 says of them, for a request of this HTTP method; without one nothing is listed."""
    identifier = {
        "info": {"required": False},
        "schema": {
            "$schema": _SCHEMA,
            "type": "object",
            "properties": {
                "required": {"type": "boolean"},
                "id": {"type": "string", "minLength": 16, "maxLength": 128, "pattern": _FORM},
            },
            "required": ["required"],
        },
    }
    return {IDENTIFIER: identifier} | ({BAZAAR: _listed(method)} if method else {})


def identifier_of(said: Mapping[str, Any]) -> str:
    """The payer's, empty where he gives none. Errors: TokenError."""
    given = said.get("extensions")
    if not isinstance(given, dict) or IDENTIFIER not in given:
        return ""
    info = fields.mapping(fields.mapping(given, IDENTIFIER), "info")
    if "id" not in info:
        return ""
    named = fields.text(info, "id")
    if not _NAMED.fullmatch(named):
        raise fields.bad(f"extensions.{IDENTIFIER}", "has an id of another form")
    return named


def _listed(method: str) -> dict[str, Any]:
    """Of an HTTP resource, whose query or body is its own business."""
    asked: dict[str, Any] = {"type": "http", "method": method}
    properties: dict[str, Any] = {"type": {"const": "http"}, "method": {"const": method}}
    if method in _BODIES:
        asked |= {"bodyType": "json", "body": {}}
        properties |= {"bodyType": {"const": "json"}, "body": {}}
    return {
        "info": {"input": asked},
        "schema": {
            "$schema": _SCHEMA,
            "type": "object",
            "properties": {"input": {"type": "object", "properties": properties, "required": list(asked)}},
            "required": ["input"],
        },
    }
