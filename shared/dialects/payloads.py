"""The payload of a payment that was shown in a header, as x402 and MPP have it: for the option's rail alone to read."""

from collections.abc import Mapping
from typing import Any

from shared import strict_json
from shared.tokens import fields

#: of one member of what is shown: a transaction in base64
MAX_MEMBER = 24576


def payload_of(said: Mapping[str, Any]) -> dict[str, str]:
    """The members of `payload`: texts as they are; objects, as EVM's payments have one, in canonical JSON.

    Errors: TokenError.
    """
    payload = {name: _member(value) for name, value in fields.mapping(said, "payload").items()}
    if not payload:
        raise fields.bad("payload", "shows no payment")
    return payload


def _member(value: object) -> str:
    try:
        text = value if isinstance(value, str) else strict_json.canonical(value).decode()
    except ValueError as error:
        raise fields.bad("payload", f"has no canonical form: {error}") from error
    if len(text) > MAX_MEMBER:
        raise fields.bad("payload", f"has a member of more than {MAX_MEMBER} characters")
    return text
