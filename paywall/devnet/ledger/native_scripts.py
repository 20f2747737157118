"""Native scripts as JSON, in cardano-cli's words (the ledger's CDDL `native_script`)."""

from typing import Any

from shared.cardano.read.cbor import Reader

_KINDS = ("sig", "all", "any", "atLeast", "after", "before")


def as_json(raw: bytes) -> dict[str, Any]:
    """`raw` is the CBOR of a native script that the ledger accepted."""
    return _plain(Reader(raw).item())


def _plain(script: tuple[Any, ...]) -> dict[str, Any]:
    kind = _KINDS[script[0]]
    if kind == "sig":
        return {"type": kind, "keyHash": script[1].hex()}
    if kind in {"all", "any"}:
        return {"type": kind, "scripts": [_plain(inner) for inner in script[1]]}
    if kind == "atLeast":
        return {"type": kind, "required": script[1], "scripts": [_plain(inner) for inner in script[2]]}
    return {"type": kind, "slot": script[1]}
