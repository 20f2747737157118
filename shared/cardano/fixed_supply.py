"""The minting policy of a supply that is made once and can only shrink: parameters ⇄ script ⇄ policy id.

The policy's source is `policies/fixed_supply.py`. It is compiled without its four parameters, which are then
the arguments of four nested applications around it (Plutus Core's flat encoding, "Formal Specification of
Plutus Core", appendix C): four application tags of four bits before the program keep its bytes aligned, and
each argument ends on a byte. So a script is the same opening for everybody, and then its parameters.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import cbor2

from shared.cardano.addresses import KEY_HASH
from shared.cardano.assets import MAX_NAME, Asset
from shared.cardano.policy import ExecutionUnits, PlutusScript
from shared.cardano.read.cbor import CborError, Reader, Tagged

# What the policy uses by mainnet's cost model of protocol version 10 (a test asks the ledger), and a tenth
# more, for where nobody can be asked: a later model may be dearer. Neither depends on the quantity, nor on the
# wallet's inputs in a burn.
MINT_UNITS = ExecutionUnits(memory=97_000, steps=26_000_000)
BURN_UNITS = ExecutionUnits(memory=88_000, steps=22_600_000)
_HASH = 32
_MAX_QUANTITY = 2**63 - 1
_MAX_INDEX = 2**16 - 1
_CONSTRUCTOR_0 = 121
# Before the second to the fourth argument: "a constant", "of type data", padding.
_ARGUMENT = b"\x4c\x01"
_NO_MORE_CHUNKS, _END = b"\x00", b"\x01"
_ARGUMENTS = 4


class NotFixedSupplyError(ValueError):
    """The bytes are not this policy's script."""


@dataclass(frozen=True, slots=True)
class FixedSupply:
    """`quantity` tokens of `name` come to be when the output `seed` is spent; `custodian` (28 bytes, the hash
    of a key) may burn them. `ValueError` for what the ledger could not hold."""

    seed: tuple[str, int]
    name: bytes
    quantity: int
    custodian: bytes

    def __post_init__(self) -> None:
        tx_hash, index = self.seed
        fits = (
            len(bytes.fromhex(tx_hash)) == _HASH and tx_hash == tx_hash.lower() and 0 <= index <= _MAX_INDEX
        )
        if not fits or len(self.name) > MAX_NAME or len(self.custodian) != KEY_HASH:
            raise ValueError("a parameter of the supply is out of its bounds")
        if not 1 <= self.quantity <= _MAX_QUANTITY:
            raise ValueError(f"a supply has from 1 to {_MAX_QUANTITY} tokens")

    @property
    def script(self) -> bytes:
        """The Plutus script as it is hashed and put on chain: flat bytes in a CBOR string."""
        arguments = [
            b"\xd8\x79\x9f" + cbor2.dumps(bytes.fromhex(self.seed[0])) + cbor2.dumps(self.seed[1]) + b"\xff",
            cbor2.dumps(self.name),
            cbor2.dumps(self.quantity),
            cbor2.dumps(self.custodian),
        ]
        chunks = [bytes([len(argument)]) + argument + _NO_MORE_CHUNKS for argument in arguments]
        return cbor2.dumps(_opening() + _ARGUMENT.join(chunks) + _END)

    @property
    def policy_id(self) -> str:
        return self.minting().policy_id

    def minting(self, units: ExecutionUnits = MINT_UNITS) -> PlutusScript:
        """As it comes along in the mint, whose only input is `seed`."""
        return PlutusScript(self.script, units)

    def burning(self, reference: tuple[str, int] | None, units: ExecutionUnits = BURN_UNITS) -> PlutusScript:
        """As a burn refers to it, in an output on chain; None: as it comes along."""
        return PlutusScript(self.script, units, reference)

    @property
    def asset(self) -> Asset:
        return Asset(self.policy_id, self.name)


def read(script: bytes) -> FixedSupply:
    """The parameters in a script. `NotFixedSupplyError` unless it is this policy's, to the byte."""
    try:
        found = _parameters(script)
    except (CborError, ValueError, TypeError, IndexError):
        found = None
    # Written anew: so neither another program nor another spelling of the parameters can pass.
    if found is None or found.script != script:
        raise NotFixedSupplyError("the script is not the policy of a fixed supply")
    return found


def _parameters(script: bytes) -> FixedSupply:
    flat = Reader(script).item()
    if not isinstance(flat, bytes):
        raise NotFixedSupplyError("a script is a byte string")
    rest = flat[len(_opening()) :]
    values = []
    for _ in range(_ARGUMENTS):
        values.append(Reader(rest[1 : 1 + rest[0]]).item())
        rest = rest[1 + rest[0] + len(_NO_MORE_CHUNKS) + len(_ARGUMENT) :]
    seed, name, quantity, custodian = values
    if not (isinstance(seed, Tagged) and seed.tag == _CONSTRUCTOR_0):
        raise NotFixedSupplyError("the seed is not an output's reference")
    tx_hash, index = seed.value
    kinds = [type(value) for value in (tx_hash, index, name, quantity, custodian)]
    if kinds != [bytes, int, bytes, int, bytes]:
        raise NotFixedSupplyError("the parameters are of other kinds")
    return FixedSupply((tx_hash.hex(), index), name, quantity, custodian)


@cache
def _opening() -> bytes:
    """The compiled program, applied to parameters that follow."""
    stored = resources.files("shared.cardano.policies").joinpath("fixed_supply.plutus").read_text("utf-8")
    return bytes.fromhex(json.loads(stored)["opening"])
