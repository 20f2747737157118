"""x402 as a payer reads and writes it: version 2 in headers, version 1 in a body; sellers of any make.

What is not an entry as the specification has it is passed over, for a 402 may name schemes that nobody here knows;
what cannot be read at all, or is longer than its limit, is a TokenError.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared import strict_json
from shared.dialects.x402 import SCHEME
from shared.dialects.x402_headers import REQUIRED, RESPONSE, SIGNATURE
from shared.tokens import fields
from shared.tokens.jws import TokenError

PAYMENT_V1, RESPONSE_V1 = "X-PAYMENT", "X-PAYMENT-RESPONSE"
#: characters of a header that a seller sends; of its entries that are looked at
MAX_HEADER, MAX_ENTRIES = 65536, 16
#: seconds for a payment where an entry names none
USUAL_SECONDS = 60
_DIGITS = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class X402Entry:
    """One of `accepts`. `said` is it as it came, to be given back; `amount` counts the asset's smallest unit.

    `method` is how the asset is to be moved, where that is named (`extra.assetTransferMethod`).
    """

    said: Mapping[str, Any]
    network: str
    asset: str
    amount: int
    pay_to: str
    seconds: int
    reference: str | None
    method: str | None


@dataclass(frozen=True, slots=True)
class X402Required:
    """What a 402 asks. `tokens` are the offers of the extension `offer-receipt` that are JWS; not verified."""

    version: int
    resource: Mapping[str, Any]
    entries: tuple[X402Entry, ...]
    tokens: tuple[str, ...]

    def token_of(self, entry: X402Entry) -> str | None:
        """The payment request token that `entry` names by its signature, as our sellers do."""
        if entry.reference is None:
            return None
        signature = entry.reference.rpartition(".")[2]
        return next((token for token in self.tokens if token.rpartition(".")[2] == signature), None)


@dataclass(frozen=True, slots=True)
class X402Settled:
    """What became of a payment: `reason` is empty where it succeeded."""

    success: bool
    transaction: str
    reason: str
    receipt: str | None


def read_required(header: str) -> X402Required:
    """A `PAYMENT-REQUIRED`. Errors: TokenError."""
    return _required(_decoded(header, REQUIRED), 2)


def read_body(body: bytes) -> X402Required:
    """The body of a 402 of version 1. Errors: TokenError."""
    try:
        said = strict_json.loads(body)
    except ValueError as error:
        raise TokenError("malformed", f"the body of the 402 is not JSON: {error}") from error
    return _required(_object(said), 1)


def read_settled(header: str) -> X402Settled:
    """A `PAYMENT-RESPONSE` of either version. Errors: TokenError."""
    said = _decoded(header, RESPONSE)
    success = said.get("success")
    if type(success) is not bool:
        raise fields.bad("success", "is neither true nor false")
    transaction, reason = said.get("transaction"), said.get("errorReason")
    return X402Settled(
        success,
        transaction if isinstance(transaction, str) else "",
        reason if isinstance(reason, str) and not success else "",
        _receipt(said),
    )


def write_payment(asked: X402Required, entry: X402Entry, payload: Mapping[str, Any]) -> tuple[str, str]:
    """The header that shows a payment of `entry`: its name and its value."""
    if asked.version == 1:
        shown = {"x402Version": 1, "scheme": SCHEME, "network": entry.said["network"], "payload": payload}
        return PAYMENT_V1, _encoded(shown)
    return SIGNATURE, _encoded(
        {"x402Version": 2, "resource": asked.resource, "accepted": entry.said, "payload": payload}
    )


def _required(said: Mapping[str, Any], version: int) -> X402Required:
    if type(said.get("x402Version")) is not int or said["x402Version"] != version:
        raise TokenError("unknown_version", f"the 402 is not of x402 version {version}")
    accepts = said.get("accepts")
    if not isinstance(accepts, list):
        raise fields.bad("accepts", "is no list")
    found = tuple(_entry(one, version) for one in accepts[:MAX_ENTRIES])
    resource = said.get("resource")
    return X402Required(
        version,
        resource if isinstance(resource, dict) else {},
        tuple(one for one in found if one is not None),
        _tokens(said),
    )


def _entry(said: object, version: int) -> X402Entry | None:
    """None for what this reader does not know."""
    if not isinstance(said, dict) or said.get("scheme") != SCHEME:
        return None
    try:
        amount = fields.text(said, "maxAmountRequired" if version == 1 else "amount")
        seconds = fields.whole(said, "maxTimeoutSeconds") if "maxTimeoutSeconds" in said else USUAL_SECONDS
        network, asset = fields.text(said, "network"), fields.text(said, "asset")
        pay_to = fields.text(said, "payTo")
    except TokenError:
        return None
    if not _DIGITS.fullmatch(amount):
        return None
    extra = said.get("extra") or {}
    if not isinstance(extra, dict):
        return None
    named, method = extra.get("paymentRequest"), extra.get("assetTransferMethod")
    if not isinstance(method, str | None):
        return None
    reference = named if isinstance(named, str) and named else None
    return X402Entry(said, network, asset, int(amount), pay_to, seconds, reference, method)


def _tokens(said: Mapping[str, Any]) -> tuple[str, ...]:
    offers = _info(said).get("offers")
    found = [one for one in offers[:MAX_ENTRIES] if isinstance(one, dict)] if isinstance(offers, list) else []
    signatures = [one.get("signature") for one in found if one.get("format") == "jws"]
    return tuple(one for one in signatures if isinstance(one, str))


def _receipt(said: Mapping[str, Any]) -> str | None:
    receipt = _info(said).get("receipt")
    token = receipt.get("signature") if isinstance(receipt, dict) else None
    return token if isinstance(token, str) else None


def _info(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the extension `offer-receipt`; empty where there is none."""
    found: Any = said
    for name in ("extensions", "offer-receipt", "info"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _decoded(header: str, name: str) -> Mapping[str, Any]:
    if len(header) > MAX_HEADER:
        raise TokenError("too_long", f"{name} has more than {MAX_HEADER} characters")
    try:
        return _object(strict_json.loads(base64.b64decode(header, validate=True)))
    except (binascii.Error, ValueError) as error:
        raise TokenError("malformed", f"{name} is not base64 of JSON: {error}") from error


def _object(said: object) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise TokenError("malformed", "the 402 holds no object")
    return said


def _encoded(value: Mapping[str, Any]) -> str:
    return base64.b64encode(strict_json.dumps(value).encode()).decode("ascii")
