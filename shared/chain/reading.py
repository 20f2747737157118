"""Typed reading of a chain service's JSON: what has another shape is `ChainUnavailable`, never a KeyError."""

import re
from collections.abc import Mapping
from fractions import Fraction
from math import isfinite
from typing import Any

from shared.cardano.coins import PlutusParameters
from shared.chain.base import ChainUnavailable
from shared.strict_json import MAX_INT

HASH = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[0-9]{1,20}")


def strange(what: str) -> ChainUnavailable:
    """The error for an answer without a usable `what`."""
    return ChainUnavailable(f"the chain service's answer has no usable {what}")


def text(document: object, name: str) -> str:
    """The string that the object has under `name`."""
    value = _field(document, name)
    if not isinstance(value, str):
        raise strange(name)
    return value


def octets_or_null(document: object, name: str) -> bytes | None:
    """Bytes in hex, or None where the service says null."""
    if _field(document, name) is None:
        return None
    try:
        return bytes.fromhex(text(document, name))
    except ValueError:
        raise strange(name) from None


def digest(document: object, name: str) -> str:
    """A 32-byte hash in lower-case hex."""
    return matching(HASH, _field(document, name), name)


def integer(document: object, name: str) -> int:
    """A number of 63 bits ≥ 0, which Blockfrost writes as a string where it may be large.

    No slot, height or amount is larger; what is would fail far from here, in a transaction or in a database.
    """
    value = _field(document, name)
    number = value if type(value) is int and value >= 0 else int(matching(_NUMBER, value, name))
    if number > MAX_INT:
        raise strange(name)
    return number


def asset_event(document: object) -> tuple[str, int]:
    """(transaction hash, quantity) of a mint, or below zero of a burn, whatever sign the service writes."""
    action, quantity = text(document, "action"), magnitude(document, "amount")
    if action not in {"minted", "burned"}:
        raise strange("action")
    return digest(document, "tx_hash"), quantity if action == "minted" else -quantity


def magnitude(document: object, name: str) -> int:
    """The number in a string, whatever its sign: some services write what was burned below zero."""
    return int(matching(_NUMBER, text(document, name).removeprefix("-"), name))


def rational(document: object, name: str) -> Fraction:
    """A number ≥ 0 that may have decimal places, exactly as it was written."""
    value = _field(document, name)
    if type(value) not in {int, float} or not isfinite(value) or value < 0:
        raise strange(name)
    return Fraction(repr(value))


def plutus(document: object) -> PlutusParameters | None:
    """What Plutus V3 costs; None where the service does not tell the cost models."""
    models = document.get("cost_models_raw") if isinstance(document, Mapping) else None
    if not isinstance(models, Mapping):
        return None
    model = models.get("PlutusV3")
    if not isinstance(model, list) or not all(type(cost) is int for cost in model):
        raise strange("cost model")
    return PlutusParameters(
        memory_price=rational(document, "price_mem"),
        step_price=rational(document, "price_step"),
        reference_byte_price=rational(document, "min_fee_ref_script_cost_per_byte"),
        collateral_percent=integer(document, "collateral_percent"),
        cost_model=tuple(model),
    )


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


def _field(document: object, name: str) -> Any:
    if not isinstance(document, Mapping) or name not in document:
        raise strange(name)
    return document[name]
