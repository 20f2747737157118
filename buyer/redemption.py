"""What the seller says of a redemption and of its burn, read strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from buyer.errors import SellerFault, clean

MOST_PROOF_HASHES = 64
HASH_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Burn:
    """The seller's proof that a token was burned; all after `state` is None while the burn waits for a batch."""

    state: str
    salt: bytes | None
    leaf_index: int | None
    tree_size: int | None
    proof: tuple[bytes, ...] | None
    root: bytes | None
    tx_hash: str | None


@dataclass(frozen=True, slots=True)
class Redemption:
    """`state` is reserved, captured or released; `burn` is there once it is captured."""

    id: str
    state: str
    burn: Burn | None


def read(document: Mapping[str, Any]) -> Redemption:
    """A redemption out of its JSON object; SellerFault for anything that is not one."""
    try:
        burn = document.get("burn")
        return Redemption(
            _text(document["redemption_id"]), _text(document["state"]), None if burn is None else _burn(burn)
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SellerFault(
            "redemption_malformed", f"the redemption cannot be read: {clean(repr(error))}"
        ) from error


def _burn(burn: Mapping[str, Any]) -> Burn:
    proof = burn.get("proof")
    if proof is not None and len(proof) > MOST_PROOF_HASHES:
        raise ValueError("the Merkle proof is longer than any tree is deep")
    return Burn(
        state=_text(burn["state"]),
        salt=_bytes(burn.get("salt")),
        leaf_index=_count(burn.get("leaf_index")),
        tree_size=_count(burn.get("tree_size")),
        proof=None if proof is None else tuple(bytes.fromhex(node) for node in proof),
        root=_bytes(burn.get("root")),
        tx_hash=_tx_hash(burn.get("tx_hash")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isascii():
        raise TypeError(f"{value!r} is not plain text")
    return value


def _bytes(value: object) -> bytes | None:
    return None if value is None else bytes.fromhex(_text(value))


def _count(value: object) -> int | None:
    if value is not None and (type(value) is not int or value < 0):
        raise TypeError(f"{value!r} is not a count")
    return value


def _tx_hash(value: object) -> str | None:
    if value is None:
        return None
    # It becomes a part of a URL of the chain service.
    if len(_text(value)) != HASH_DIGITS or _text(value) != bytes.fromhex(_text(value)).hex():
        raise ValueError("a transaction hash is 64 hex digits")
    return _text(value)
