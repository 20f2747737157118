"""Minting policies: their scripts, the ids that the ledger names them by, and what running one costs.

Computed here without pycardano: every request's path and the guards need the ids, and what `make` writes is
judged by them.
"""

from dataclasses import dataclass
from hashlib import blake2b
from math import ceil, floor

import cbor2

from shared.cardano.addresses import KEY_HASH
from shared.cardano.coins import PlutusParameters

_NATIVE, _PLUTUS_V3 = b"\x00", b"\x03"  # what a script's bytes are hashed with
_SIGNATURE_OF = 0


@dataclass(frozen=True, slots=True)
class ExecutionUnits:
    """What a script may use at most; it is paid for whether used or not."""

    memory: int
    steps: int


@dataclass(frozen=True, slots=True)
class NativeScript:
    """The script that asks for one key's signature, by the key's hash (28 bytes). It costs nothing but its bytes."""

    key_hash: bytes

    @property
    def raw(self) -> bytes:
        return cbor2.dumps([_SIGNATURE_OF, self.key_hash])

    @property
    def policy_id(self) -> str:
        return _script_hash(_NATIVE, self.raw)


@dataclass(frozen=True, slots=True)
class PlutusScript:
    """A Plutus V3 script that decides on the only policy of a mint.

    It comes along, or lies in the output `reference` on chain.
    """

    raw: bytes
    units: ExecutionUnits
    reference: tuple[str, int] | None = None

    @property
    def policy_id(self) -> str:
        return _script_hash(_PLUTUS_V3, self.raw)

    def fee(self, parameters: PlutusParameters) -> int:
        """Lovelace for running it and for looking it up, beside what the transaction's bytes cost."""
        run = ceil(self.units.memory * parameters.memory_price + self.units.steps * parameters.step_price)
        return run if self.reference is None else run + floor(len(self.raw) * parameters.reference_byte_price)


PolicyScript = NativeScript | PlutusScript


def _script_hash(language: bytes, raw: bytes) -> str:
    return blake2b(language + raw, digest_size=KEY_HASH).hexdigest()
