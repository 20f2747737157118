"""What the devnet's index keeps of a transaction: `shared`'s view, datums, scripts, original bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import cbor2

from shared.cardano.read import outputs, transaction
from shared.cardano.read.cbor import ARRAY, MAP, CborMap, Reader, Tagged
from shared.cardano.read.outputs import Output
from shared.cardano.read.transaction import ParsedTransaction, TransactionError

Ref = tuple[str, int]  # transaction id and output index

_INPUTS, _OUTPUTS, _COLLATERAL, _REFERENCES = 0, 1, 13, 18
_NATIVE_SCRIPTS, _REDEEMERS = 1, 5
_PLUTUS_WITNESSES = {3: 1, 6: 2, 7: 3}  # witness field to the script's language
_DATUM, _SCRIPT = 2, 3
_KINDS = ("timelock", "plutusV1", "plutusV2", "plutusV3")
# Rollback and restart rebuild the ledger from its outputs alone: what else a transaction changes would go.
_WITHOUT_STATE = {"certificates", "withdrawals", "votes", "proposals", "treasury_value", "donation"}


@dataclass(frozen=True, slots=True)
class Script:
    """A script. `kind` is Blockfrost's word; `raw` is native CBOR, or the Plutus bytes that are hashed."""

    hash: str
    kind: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class IndexedOutput:
    """An output, its original CBOR, and what beside value it carries (hex)."""

    output: Output
    raw: bytes
    datum_hash: str | None = None
    inline_datum: str | None = None
    script: Script | None = None


@dataclass(slots=True)
class _Extras:
    outputs: list[IndexedOutput] = field(default_factory=list)
    collateral: tuple[Ref, ...] = ()
    references: tuple[Ref, ...] = ()
    scripts: list[Script] = field(default_factory=list)
    redeemers: int = 0


@dataclass(frozen=True, slots=True)
class IndexedTransaction:
    """A transaction that the ledger rules accepted."""

    raw: bytes
    parsed: ParsedTransaction
    outputs: tuple[IndexedOutput, ...]
    collateral: tuple[Ref, ...]
    references: tuple[Ref, ...]
    scripts: tuple[Script, ...]
    redeemers: int

    @property
    def id(self) -> str:
        """BLAKE2b-256 of the original body bytes, hex."""
        return self.parsed.id

    def created(self) -> list[tuple[Ref, IndexedOutput]]:
        """Its outputs with the names that later inputs use."""
        return [((self.id, index), output) for index, output in enumerate(self.outputs)]


def index(raw: bytes) -> IndexedTransaction:
    """Raises TransactionError for what the devnet cannot keep, even where the ledger rules allow it."""
    parsed = transaction.parse(raw)
    lost = _WITHOUT_STATE & set(parsed.unusual)
    if lost:
        raise TransactionError(f"the devnet keeps outputs only, not {', '.join(sorted(lost))}")
    extras = _read_extras(Reader(raw))
    return IndexedTransaction(
        raw,
        parsed,
        tuple(extras.outputs),
        extras.collateral,
        extras.references,
        tuple(extras.scripts + [output.script for output in extras.outputs if output.script]),
        extras.redeemers,
    )


def references(raw: bytes) -> tuple[Ref, ...]:
    """Every output that a transaction names: spent, as collateral, or for reference. It need not be signed.

    Raises CborError, TransactionError.
    """
    parts = Reader(raw).item()
    if not (isinstance(parts, tuple) and parts and isinstance(parts[0], CborMap)):
        raise TransactionError("a transaction is an array that starts with a map")
    lists = [parts[0][key] for key in (_INPUTS, _COLLATERAL, _REFERENCES) if key in parts[0]]
    return tuple(ref for entries in lists for ref in outputs.inputs(entries))


def encode_utxos(utxos: Sequence[tuple[Ref, IndexedOutput]]) -> bytes:
    """The CBOR map of input to output that the ledger loads."""
    header = b"\xba" + len(utxos).to_bytes(4)
    return header + b"".join(
        cbor2.dumps([bytes.fromhex(ref[0]), ref[1]]) + output.raw for ref, output in utxos
    )


def _read_extras(reader: Reader) -> _Extras:
    extras = _Extras()
    for step, _ in enumerate(reader.steps(ARRAY)):
        if step > 1:
            reader.item()
            continue
        for _ in reader.steps(MAP):
            (_read_witness if step else _read_body)(reader, reader.item(), extras)
    return extras


def _read_body(reader: Reader, key: int, extras: _Extras) -> None:
    if key == _OUTPUTS:
        extras.outputs = [_read_output(reader) for _ in reader.steps(ARRAY)]
    elif key == _COLLATERAL:
        extras.collateral = outputs.inputs(reader.item())
    elif key == _REFERENCES:
        extras.references = outputs.inputs(reader.item())
    else:
        reader.item()


def _read_witness(reader: Reader, key: int, extras: _Extras) -> None:
    if key == _NATIVE_SCRIPTS:
        reader.enter_set()
        extras.scripts += [_script(0, _slice(reader)) for _ in reader.steps(ARRAY)]
    elif key in _PLUTUS_WITNESSES:
        scripts = outputs.members(reader.item(), "the Plutus scripts")
        extras.scripts += [_script(_PLUTUS_WITNESSES[key], raw) for raw in scripts]
    else:
        value = reader.item()
        extras.redeemers = len(value) if key == _REDEEMERS else extras.redeemers


def _slice(reader: Reader) -> bytes:
    start = reader.at
    reader.item()
    return reader.raw[start : reader.at]


def _read_output(reader: Reader) -> IndexedOutput:
    raw = _slice(reader)
    value = Reader(raw).item()
    parsed, _ = outputs.output(value)
    if isinstance(value, tuple):
        datum_hash = value[2].hex() if len(value) > _DATUM else None
        return IndexedOutput(parsed, raw, datum_hash)
    inline, content = value.get(_DATUM, (0, None))
    script = _reference_script(value[_SCRIPT]) if _SCRIPT in value else None
    if inline:
        return IndexedOutput(parsed, raw, inline_datum=content.value.hex(), script=script)
    return IndexedOutput(parsed, raw, content.hex() if content else None, script=script)


def _reference_script(wrapped: Any) -> Script:
    assert isinstance(wrapped, Tagged)  # the ledger accepted it
    reader = Reader(wrapped.value)
    parts = [_slice(reader) for _ in reader.steps(ARRAY)]
    language = Reader(parts[0]).item()
    return _script(language, Reader(parts[1]).item() if language else parts[1])


def _script(language: int, raw: bytes) -> Script:
    digest = blake2b(bytes([language]) + raw, digest_size=28).hexdigest()
    return Script(digest, _KINDS[language], raw)
