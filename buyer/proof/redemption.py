"""What the seller says of a redemption and of its burn, read strictly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from buyer.errors import SellerFault
from buyer.seller.typed import count, redemption_id, text
from shared.merkle import SumNode

DEEPEST_PATH = 64

_TX_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Burn:
    """The seller's proof that tokens were burned; what comes with the batch is None while it waits for one.

    `salt` is there when we are the holder; the rest of what the leaf binds we know ourselves.
    """

    version: int
    state: str
    quantity: int
    leaf: bytes | None
    leaf_index: int | None
    tree_size: int | None
    path: tuple[SumNode, ...] | None
    root: SumNode | None
    tx_hash: str | None
    salt: bytes | None


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
            redemption_id(document["redemption_id"]),
            text(document["state"]),
            None if burn is None else _burn(burn),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        said = {"detail": repr(error)}
        raise SellerFault(
            "redemption_malformed", "the redemption cannot be read", seller_says=said
        ) from error


def _burn(shown: Mapping[str, Any]) -> Burn:
    burn = {name: value for name, value in shown.items() if value is not None}
    path = burn.get("path")
    if path is not None and len(path) > DEEPEST_PATH:
        raise ValueError("the path is longer than any tree is deep")
    return Burn(
        version=count(burn["version"]),
        state=text(burn["state"]),
        quantity=count(burn["quantity"]),
        leaf=_hex(burn["leaf"]) if "leaf" in burn else None,
        leaf_index=count(burn["leaf_index"]) if "leaf_index" in burn else None,
        tree_size=count(burn["tree_size"]) if "tree_size" in burn else None,
        path=None if path is None else tuple(_node(one["hash"], one["sum"]) for one in path),
        root=_node(burn["root"], burn["sum"]) if "root" in burn else None,
        tx_hash=_tx_hash(burn["tx_hash"]) if "tx_hash" in burn else None,
        salt=_hex(burn["preimage"]["salt"]) if "preimage" in burn else None,
    )


def _node(node_hash: object, total: object) -> SumNode:
    return SumNode(_hex(node_hash), count(total))


def _tx_hash(value: object) -> str:
    # It becomes a part of a URL of the chain service.
    if not _TX_HASH.fullmatch(text(value)):
        raise ValueError("a transaction hash is 64 hex digits")
    return text(value)


def _hex(value: object) -> bytes:
    return bytes.fromhex(text(value))
