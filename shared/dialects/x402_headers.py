"""The envelopes of x402: headers that hold standard base64 of a JSON object; version 2's names for them."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from shared import strict_json
from shared.dialects.base import HeaderLines
from shared.tokens.jws import TokenError

VERSION = 2
REQUIRED, SIGNATURE, RESPONSE = "PAYMENT-REQUIRED", "PAYMENT-SIGNATURE", "PAYMENT-RESPONSE"
#: of the header that shows a payment: a transaction in base64 twice, and what the 402 said, given back
MAX_HEADER = 49152


def decoded_header(name: str, header: str) -> Mapping[str, Any]:
    """The object in a header of that name. Errors: TokenError."""
    if len(header) > MAX_HEADER:
        raise TokenError("too_long", f"{name} has more than {MAX_HEADER} characters")
    try:
        said = strict_json.loads(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError) as error:
        raise TokenError("malformed", f"{name} is not base64 of JSON: {error}") from error
    if not isinstance(said, dict):
        raise TokenError("malformed", f"{name} holds no object")
    return said


def encoded_header(told: Mapping[str, Any]) -> str:
    """An object as it stands in a header."""
    return encoded(strict_json.dumps(told).encode())


def encoded(text: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(text).decode("ascii")


def response(told: Mapping[str, Any]) -> HeaderLines:
    """`PAYMENT-RESPONSE`."""
    return ((RESPONSE, encoded_header(told)),)
