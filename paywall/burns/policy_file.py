"""`policy.json` in the data directory: what a fixed supply's burns need to know. Public, and no backup is needed.

It is on chain too: the policy id is in every payment request, receipt and burn; `/scripts/{policy id}/cbor`
gives the script, whose end spells seed and quantity; `/assets/{unit}/history` names the mint, whose output 0
holds the script.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paywall.errors import SetupError
from paywall.private_files import private_file, private_folder
from shared import strict_json
from shared.cardano.fixed_supply import FixedSupply
from shared.cardano.read.transaction import TransactionError, parse

NAME = "policy.json"


@dataclass(frozen=True, slots=True)
class MintRecord:
    """A mint that was signed: its supply and its bytes. It lands or its expiry slot passes."""

    supply: FixedSupply
    transaction: bytes

    @property
    def tx_hash(self) -> str:
        return parse(self.transaction).id

    @property
    def expiry_slot(self) -> int:
        slot = parse(self.transaction).expiry_slot
        assert slot is not None  # the guard signs nothing else
        return slot

    @property
    def reference(self) -> tuple[str, int]:
        """The output that holds the script."""
        return self.tx_hash, 0


def read_record(path: Path, custodian: bytes) -> MintRecord | None:
    """None when there is no such file. Errors: SetupError when it is not one, or not of the key `custodian`."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _read(strict_json.loads(text), custodian)
    except (ValueError, TypeError, KeyError, AttributeError, TransactionError) as error:
        raise SetupError(f"{path} does not describe the policy of this custodial key: {error}") from error


def _read(document: Any, custodian: bytes) -> MintRecord:
    supply = FixedSupply(
        _reference(document["seed"]), bytes.fromhex(document["name"]), int(document["supply"]), custodian
    )
    # Checked with the key: a changed file, or another wallet's, must not name a token that is not ours.
    if supply.policy_id != document["policy_id"]:
        raise ValueError("its parameters give another policy id")
    record = MintRecord(supply, bytes.fromhex(document["transaction"]))
    if _reference(document["reference"]) != record.reference:
        raise ValueError("its mint is another transaction")
    return record


def write_record(path: Path, record: MintRecord) -> None:
    """Whole or not at all, and on disk when it returns."""
    document = {
        "policy": "fixed",
        "policy_id": record.supply.policy_id,
        "seed": _text(record.supply.seed),
        "name": record.supply.name.hex(),
        "supply": record.supply.quantity,
        "reference": _text(record.reference),
        "transaction": record.transaction.hex(),
    }
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    private_folder(path.parent)
    private_file(draft)
    with draft.open("w", encoding="utf-8") as file:
        file.write(strict_json.dumps(document) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def remove_record(path: Path) -> None:
    """A mint that the ledger refused never was."""
    path.unlink()


def _text(reference: tuple[str, int]) -> str:
    return f"{reference[0]}#{reference[1]}"


def _reference(text: str) -> tuple[str, int]:
    tx_hash, _, index = text.partition("#")
    return tx_hash, int(index)
