"""How a minting policy's script comes along in a mint or a burn, and what that costs (Conway CDDL)."""

from dataclasses import dataclass
from hashlib import blake2b
from math import ceil, floor

import cbor2

from shared.cardano.addresses import KEY_HASH
from shared.cardano.coins import PlutusParameters
from shared.cardano.read.cddl import Witness

_NATIVE, _PLUTUS_V3 = b"\x00", b"\x03"  # what a script's bytes are hashed with
_MINT = 1
_V3 = 2
# Constructor 0 without fields: the policy never looks at it.
REDEEMER = cbor2.CBORTag(121, [])


@dataclass(frozen=True, slots=True)
class ExecutionUnits:
    """What a script may use at most; it is paid for whether used or not."""

    memory: int
    steps: int


@dataclass(frozen=True, slots=True)
class NativeScript:
    """A script of signatures, as CBOR. It costs nothing but its bytes."""

    raw: bytes

    @property
    def policy_id(self) -> str:
        return _script_hash(_NATIVE, self.raw)

    @property
    def witnesses(self) -> tuple[bytes, ...]:
        """Entries of the witness set, after the keys' own."""
        return (bytes([Witness.NATIVE_SCRIPTS]) + b"\x81" + self.raw,)


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

    @property
    def redeemers(self) -> bytes:
        return cbor2.dumps({(_MINT, 0): [REDEEMER, [self.units.memory, self.units.steps]]})

    @property
    def witnesses(self) -> tuple[bytes, ...]:
        """Entries of the witness set, after the keys' own."""
        redeemers = bytes([Witness.REDEEMERS]) + self.redeemers
        if self.reference is not None:
            return (redeemers,)
        return redeemers, bytes([Witness.PLUTUS_V3]) + cbor2.dumps([self.raw])

    def fee(self, parameters: PlutusParameters) -> int:
        """Lovelace for running it and for looking it up, beside what the transaction's bytes cost."""
        run = ceil(self.units.memory * parameters.memory_price + self.units.steps * parameters.step_price)
        return run if self.reference is None else run + floor(len(self.raw) * parameters.reference_byte_price)

    def data_hash(self, parameters: PlutusParameters) -> bytes:
        """The script data hash: of the redeemers, no datums, and Plutus V3's cost model."""
        views = cbor2.dumps({_V3: list(parameters.cost_model)})
        return blake2b(self.redeemers + views, digest_size=32).digest()


PolicyScript = NativeScript | PlutusScript


def _script_hash(language: bytes, raw: bytes) -> str:
    return blake2b(language + raw, digest_size=KEY_HASH).hexdigest()
