"""Typed reading of a chain service's JSON: what has another shape is `ChainUnavailable`, never a KeyError."""

import re
from collections.abc import Mapping
from fractions import Fraction
from math import isfinite
from typing import Any

from shared.cardano.coins import PlutusParameters
from shared.cardano.policy import ExecutionUnits
from shared.chain.base import ChainUnavailable, MadeOutput, Tip, TransactionEnds
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


def digest_or_null(document: object, name: str) -> str | None:
    """A 32-byte hash, or None where the service says null."""
    return None if _field(document, name) is None else digest(document, name)


def entries(document: object, name: str) -> list[object]:
    """The list that the object has under `name`."""
    value = _field(document, name)
    if not isinstance(value, list):
        raise strange(name)
    return value


def flagged(document: object, *names: str) -> bool:
    """Whether one of the members is true; services leave out those that are not."""
    return isinstance(document, Mapping) and any(document.get(name) is True for name in names)


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


def block(document: object) -> Tip:
    """A block by height, slot, time and hash."""
    return Tip(
        integer(document, "height"),
        integer(document, "slot"),
        integer(document, "time"),
        digest(document, "hash"),
    )


def is_bare(entry: object) -> bool:
    """Whether an output carries neither a datum nor a script for reference."""
    burdens = ("data_hash", "inline_datum", "reference_script_hash")
    return isinstance(entry, Mapping) and all(entry.get(name) is None for name in burdens)


def units(document: object) -> ExecutionUnits | None:
    """What the only redeemer uses, of an evaluation in Ogmios' words; None when it failed."""
    result = document.get("result") if isinstance(document, Mapping) else None
    found = result.get("EvaluationResult") if isinstance(result, Mapping) else None
    if not isinstance(found, Mapping) or len(found) != 1:
        return None
    (used,) = found.values()
    return ExecutionUnits(integer(used, "memory"), integer(used, "steps"))


def amounts(entry: object) -> dict[str, int]:
    """Blockfrost's `amount`, a list of units and quantities, by unit; lovelace is one of them."""
    return {text(amount, "unit"): integer(amount, "quantity") for amount in entries(entry, "amount")}


def ends(document: object) -> TransactionEnds:
    """Blockfrost's `/txs/{hash}/utxos`. Collateral is spent, and its change made, by what did not happen."""
    spent = [entry for entry in entries(document, "inputs") if not flagged(entry, "collateral", "reference")]
    made = [entry for entry in entries(document, "outputs") if not flagged(entry, "collateral")]
    return TransactionEnds(
        inputs={
            (digest(entry, "tx_hash"), integer(entry, "output_index")): text(entry, "address")
            for entry in spent
        },
        outputs={
            integer(entry, "output_index"): MadeOutput(
                text(entry, "address"), digest_or_null(entry, "consumed_by_tx")
            )
            for entry in made
        },
    )


def matching(form: re.Pattern[str], value: object, what: str) -> str:
    """`value` itself, when it is a string of the given form."""
    if not isinstance(value, str) or not form.fullmatch(value):
        raise strange(what)
    return value


def _field(document: object, name: str) -> Any:
    if not isinstance(document, Mapping) or name not in document:
        raise strange(name)
    return document[name]
