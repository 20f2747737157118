"""What the seller says of a redemption and of its burn, read strictly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from buyer.errors import SellerFault, clean
from buyer.seller.typed import count, text

MOST_PROOF_HASHES = 64

_TX_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Burn:
    """The seller's proof that a token was burned; all but `state` is None while it waits for a batch."""

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
            text(document["redemption_id"]), text(document["state"]), None if burn is None else _burn(burn)
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SellerFault(
            "redemption_malformed", f"the redemption cannot be read: {clean(repr(error))}"
        ) from error


def _burn(told: Mapping[str, Any]) -> Burn:
    burn = {name: value for name, value in told.items() if value is not None}
    proof = burn.get("proof")
    if proof is not None and len(proof) > MOST_PROOF_HASHES:
        raise ValueError("the Merkle proof is longer than any tree is deep")
    return Burn(
        state=text(burn["state"]),
        salt=_hex(burn["salt"]) if "salt" in burn else None,
        leaf_index=count(burn["leaf_index"]) if "leaf_index" in burn else None,
        tree_size=count(burn["tree_size"]) if "tree_size" in burn else None,
        proof=None if proof is None else tuple(_hex(node) for node in proof),
        root=_hex(burn["root"]) if "root" in burn else None,
        tx_hash=_tx_hash(burn["tx_hash"]) if "tx_hash" in burn else None,
    )


def _tx_hash(value: object) -> str:
    # It becomes a part of a URL of the chain service.
    if not _TX_HASH.fullmatch(text(value)):
        raise ValueError("a transaction hash is 64 hex digits")
    return text(value)


def _hex(value: object) -> bytes:
    return bytes.fromhex(text(value))
