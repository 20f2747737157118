"""Typed reading of the parts of a transaction body: inputs, outputs, values, mints (Conway CDDL)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.cardano.addresses import InvalidAddressError, from_bytes
from shared.cardano.assets import MAX_NAME
from shared.cardano.read.cbor import SET_TAG, Tagged

POLICY = 28
TRANSACTION_ID = 32
_PAIR = 2
_WORD64 = 2**64 - 1
_WORD16 = 2**16 - 1
_INT64 = 2**63
#: every lovelace that there will ever be (Shelley genesis, maxLovelaceSupply); the format allows 64 bits, stores 63
MAX_LOVELACE = 45_000_000_000_000_000


class TransactionError(ValueError):
    """The bytes are not a well-formed, correctly signed transaction."""


class SignatureError(TransactionError):
    """A signature in it is none over its id."""


@dataclass(frozen=True, slots=True)
class Output:
    """Lovelace and tokens (Blockfrost's unit → quantity) that a transaction sends to an address."""

    address: str
    lovelace: int
    tokens: Mapping[str, int]


def integer(value: object, what: str, *, least: int = 0, most: int = _WORD64) -> int:
    """`value` itself, when it is an integer in the given range."""
    if type(value) is not int or not least <= value <= most:
        raise TransactionError(f"{what} is not a number that the ledger allows")
    return value


def octets(value: object, what: str, least: int, most: int) -> bytes:
    """`value` itself, when it is a byte string of a length in the given range."""
    if not isinstance(value, bytes) or not least <= len(value) <= most:
        raise TransactionError(f"{what} is not a byte string of the right length")
    return value


def members(value: object, what: str) -> tuple[Any, ...]:
    """The elements of an array or of a tagged set."""
    if isinstance(value, Tagged) and value.tag == SET_TAG:
        value = value.value
    if not isinstance(value, tuple):
        raise TransactionError(f"{what} is not a list")
    return value


def pair(value: object, what: str) -> tuple[Any, Any]:
    """The two elements of an array of two."""
    if not isinstance(value, tuple) or len(value) != _PAIR:
        raise TransactionError(f"{what} is not a pair")
    return value[0], value[1]


def inputs(value: object) -> tuple[tuple[str, int], ...]:
    """The spent outputs as (transaction id, index), in the order of the bytes."""
    found = []
    for entry in members(value, "the inputs"):
        spent, index = pair(entry, "an input")
        digest = octets(spent, "an input's transaction id", TRANSACTION_ID, TRANSACTION_ID)
        found.append((digest.hex(), integer(index, "an input's index", most=_WORD16)))
    if not found or len(set(found)) != len(found):
        raise TransactionError("no inputs, or one input twice")
    return tuple(found)


def output(value: object) -> tuple[Output, bool]:
    """An output in the legacy or the Babbage form, and whether it carries a datum or a script."""
    if isinstance(value, tuple):
        value = dict(enumerate(value))
        known = {0, 1, 2}
    else:
        known = {0, 1, 2, 3}
    if not isinstance(value, Mapping) or not {0, 1} <= value.keys() <= known:
        raise TransactionError("an output has unknown or missing fields")
    lovelace, tokens = _value(value[1])
    try:
        address = from_bytes(octets(value[0], "an output's address", 1, 128))
    except InvalidAddressError as error:
        raise TransactionError(str(error)) from None
    return Output(address, lovelace, tokens), len(value) > _PAIR


def bundle(value: object, what: str, *, least: int, most: int) -> dict[str, int]:
    """A map policy → name → quantity, flattened to unit → quantity; no quantity is zero."""
    if not isinstance(value, Mapping):
        raise TransactionError(f"{what} is not a map")
    tokens = {}
    for policy, names in value.items():
        prefix = octets(policy, "a policy id", POLICY, POLICY).hex()
        if not isinstance(names, Mapping):
            raise TransactionError(f"{what} is not a map of maps")
        for name, quantity in names.items():
            amount = integer(quantity, "a token quantity", least=least, most=most)
            if amount == 0:
                raise TransactionError("a token quantity of zero")
            tokens[prefix + octets(name, "a token's name", 0, MAX_NAME).hex()] = amount
    return tokens


def mint(value: object) -> dict[str, int]:
    """Minted (positive) and burned (negative) quantities by unit."""
    return bundle(value, "the mint", least=-_INT64, most=_INT64 - 1)


def _value(amount: object) -> tuple[int, dict[str, int]]:
    if not isinstance(amount, tuple):
        return integer(amount, "an output's lovelace", most=MAX_LOVELACE), {}
    lovelace, tokens = pair(amount, "an output's value")
    coin = integer(lovelace, "an output's lovelace", most=MAX_LOVELACE)
    return coin, bundle(tokens, "a value", least=0, most=_WORD64)
