"""A strict view of a transaction that anybody may have made (Conway CDDL), with its signatures verified.

The id is BLAKE2b-256 of the ORIGINAL body bytes: decoding and encoding again would give another id for
wallets that order maps or write lengths in their own way, and a claim would be looked up under a transaction
that never existed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from shared.cardano.read import outputs
from shared.cardano.read.cbor import ARRAY, MAP, CborError, CborMap, Reader, Tagged
from shared.cardano.read.cddl import (
    AUXILIARY_TAG,
    REQUIRED_FIELDS,
    USUAL_FIELDS,
    USUAL_WITNESSES,
    Field,
    Witness,
)
from shared.cardano.read.outputs import (
    Output,
    SignatureError,
    TransactionError,
    integer,
    members,
    octets,
    pair,
)
from shared.keys import PublicKey

__all__ = ["MAX_SIZE", "Output", "ParsedTransaction", "TransactionError", "parse"]

MAX_SIZE = 16384
KEY, SIGNATURE = 32, 64
_WORD64 = 2**64 - 1


@dataclass(frozen=True, slots=True)
class ParsedTransaction:
    """What a transaction does. Slots bound its validity; `mint` and tokens map Blockfrost's unit → quantity.

    `unusual` names everything beyond inputs, outputs, fee, validity, metadata, mint with its own native
    scripts, network id and required signers. `signers` are the keys whose signatures over the id verified.
    """

    id: str
    size: int
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[Output, ...]
    fee: int
    expiry_slot: int | None
    valid_from: int | None
    mint: Mapping[str, int]
    metadata: Mapping[int, Any]
    auxiliary_data_hash_ok: bool
    network_id: int | None
    unusual: tuple[str, ...]
    signers: tuple[PublicKey, ...]


@dataclass(frozen=True, slots=True)
class _Witnesses:
    keys: tuple[Any, ...]
    script_hashes: frozenset[str]
    kinds: frozenset[Witness]


def parse(raw: bytes) -> ParsedTransaction:
    """Read signed bytes of at most 16,384 bytes; every signature in them must verify.

    Raises nothing but `TransactionError`: the bytes come from strangers.
    """
    if len(raw) > MAX_SIZE:
        raise TransactionError(f"the transaction is larger than {MAX_SIZE} bytes")
    try:
        return _parse(raw)
    except CborError as error:
        raise TransactionError(f"not a transaction: {error}") from None


@dataclass(frozen=True, slots=True)
class _Parts:
    """The four parts, decoded, and the original bytes of those that are hashed."""

    body: Any
    body_bytes: bytes
    witnesses: _Witnesses
    auxiliary: Any
    auxiliary_bytes: bytes | None


def _parse(raw: bytes) -> ParsedTransaction:
    parts = _split(raw)
    body, witnesses = parts.body, parts.witnesses
    _check_fields(body)
    digest = blake2b(parts.body_bytes, digest_size=32).digest()
    sent = [outputs.output(entry) for entry in members(body[Field.OUTPUTS], "the outputs")]
    metadata, scripts = _metadata(parts.auxiliary)
    mint = outputs.mint(body.get(Field.MINT, {}))
    unusual = {field.name.lower() for field in Field if field in body and field not in USUAL_FIELDS}
    unusual |= {f"witness_{kind.name.lower()}" for kind in witnesses.kinds - USUAL_WITNESSES}
    if any(more for _, more in sent):
        unusual.add("datum_or_script_in_output")
    if scripts:
        unusual.add("auxiliary_scripts")
    # A native script that is not a minting policy unlocks an output: that is spending by script.
    if witnesses.script_hashes - {unit[: 2 * outputs.POLICY] for unit in mint}:
        unusual.add("native_scripts")
    return ParsedTransaction(
        id=digest.hex(),
        size=len(raw),
        inputs=outputs.inputs(body[Field.INPUTS]),
        outputs=tuple(output for output, _ in sent),
        fee=integer(body[Field.FEE], "the fee"),
        expiry_slot=_optional(body, Field.EXPIRY_SLOT),
        valid_from=_optional(body, Field.VALID_FROM),
        mint=mint,
        metadata=metadata,
        auxiliary_data_hash_ok=_hash_ok(body.get(Field.AUXILIARY_HASH), parts.auxiliary_bytes),
        network_id=_optional(body, Field.NETWORK_ID, most=1),
        unusual=tuple(sorted(unusual)),
        signers=_verified(witnesses.keys, digest),
    )


def _split(raw: bytes) -> _Parts:
    reader = Reader(raw)
    steps = reader.steps(ARRAY)
    try:
        next(steps)
        start = reader.at
        body, body_bytes = reader.item(), raw[start : reader.at]
        next(steps)
        witnesses = _read_witnesses(reader)
        next(steps)
        valid = reader.item()
        next(steps)
        start = reader.at
        auxiliary, auxiliary_bytes = reader.item(), raw[start : reader.at]
    except StopIteration:
        raise TransactionError("a transaction has four parts") from None
    if next(steps, steps) is not steps or reader.at != len(raw):
        raise TransactionError("something follows the four parts of the transaction")
    if valid is not True:
        raise TransactionError("the transaction says of itself that its scripts fail")
    return _Parts(body, body_bytes, witnesses, auxiliary, None if auxiliary is None else auxiliary_bytes)


def _check_fields(body: Any) -> None:
    if not isinstance(body, CborMap) or not body.keys() >= REQUIRED_FIELDS:
        raise TransactionError("the body lacks inputs, outputs or fee")
    if not body.keys() <= set(Field):
        raise TransactionError("the body has a field that the ledger does not know")


def _optional(body: Mapping[int, Any], field: Field, *, most: int = _WORD64) -> int | None:
    return integer(body[field], f"the {field.name.lower()}", most=most) if field in body else None


def _read_witnesses(reader: Reader) -> _Witnesses:
    keys: tuple[Any, ...] = ()
    hashes: list[str] = []
    seen: dict[str, Any] = {}
    for _ in reader.steps(MAP):
        text, kind = reader.key(seen)
        seen[text] = kind
        if kind == Witness.NATIVE_SCRIPTS:
            reader.enter_set()
            hashes += [_script_hash(reader) for _ in reader.steps(ARRAY)]
        elif kind == Witness.KEYS:
            keys = members(reader.item(), "the key witnesses")
        else:
            reader.item()
    if not all(kind in set(Witness) for kind in seen.values()):
        raise TransactionError("a kind of witness that the ledger does not know")
    return _Witnesses(keys, frozenset(hashes), frozenset(map(Witness, seen.values())))


def _script_hash(reader: Reader) -> str:
    start = reader.at
    reader.item()
    return blake2b(b"\x00" + reader.raw[start : reader.at], digest_size=outputs.POLICY).hexdigest()


def _verified(witnesses: tuple[Any, ...], digest: bytes) -> tuple[PublicKey, ...]:
    signers = []
    for witness in witnesses:
        first, second = pair(witness, "a key witness")
        raw = octets(first, "a witness's key", KEY, KEY)
        signature = octets(second, "a witness's signature", SIGNATURE, SIGNATURE)
        try:
            key = PublicKey(raw)
            good = key.verify(signature, digest)
        except ValueError:
            good = False
        if not good:
            raise SignatureError("a signature does not verify")
        signers.append(key)
    return tuple(signers)


def _metadata(data: Any) -> tuple[Mapping[int, Any], bool]:
    """The metadata in its Shelley, Allegra or Alonzo form, and whether scripts come along."""
    if data is None:
        return {}, False
    scripts: Any = ()
    if isinstance(data, tuple):
        data, scripts = pair(data, "the metadata with its scripts")
    elif isinstance(data, Tagged) and data.tag == AUXILIARY_TAG and isinstance(data.value, CborMap):
        scripts = [entry for field, entry in data.value.items() if field != 0]
        data = data.value.get(0, {})
    if not isinstance(data, Mapping) or not all(type(label) is int and label >= 0 for label in data):
        raise TransactionError("the metadata is not a map from labels")
    return data, bool(scripts)


def _hash_ok(stated: object, auxiliary: bytes | None) -> bool:
    if stated is None or auxiliary is None:
        return stated is None and auxiliary is None
    return stated == blake2b(auxiliary, digest_size=32).digest()
