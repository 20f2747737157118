"""Transaction metadata as Blockfrost shows it: JSON without a schema, as cardano-api writes it, and CBOR."""

import json
from collections.abc import Mapping
from typing import Any

import cbor2

from shared.cardano.read.cbor import MAP, CborMap


def as_json(metadata: Mapping[int, Any]) -> list[dict[str, Any]]:
    """`/txs/{hash}/metadata`: bytes become "0x…", keys become text."""
    return [{"label": str(label), "json_metadata": _plain(value)} for label, value in metadata.items()]


def as_cbor(metadata: Mapping[int, Any]) -> list[dict[str, Any]]:
    """`/txs/{hash}/metadata/cbor`: each label as a map of its own; the deprecated field keeps its `\\x`."""
    entries = [
        (label, cbor2.dumps({label: value}, default=_write_map).hex()) for label, value in metadata.items()
    ]
    return [
        {"label": str(label), "cbor_metadata": f"\\x{encoded}", "metadata": encoded}
        for label, encoded in entries
    ]


def _write_map(encoder: cbor2.CBOREncoder, value: CborMap) -> None:
    encoder.encode_length(MAP, len(value))
    for key, entry in value.items():
        encoder.encode(key)
        encoder.encode(entry)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {_key(key): _plain(entry) for key, entry in value.items()}
    return value


def _key(key: Any) -> str:
    plain = _plain(key)
    return plain if isinstance(plain, str) else json.dumps(plain, separators=(",", ":"))
