"""The port to a chain: what the seller and the buyer ask of it, and the ways an answer can fail.

ChainError
├── ChainUnavailable   no answer, or none that makes sense; nothing was changed, ask again later
├── SubmitRefused      the ledger refused the transaction, in its own words
└── SubmitUnknown      the transaction may have been accepted: look it up before doing anything else
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.cardano.assets import Asset
from shared.cardano.coins import OutputReference, Parameters, Utxo


class ChainError(Exception):
    """The chain did not do what was asked."""


class ChainUnavailable(ChainError):
    """No usable answer; nothing was changed, and the same question may be asked again."""


class SubmitRefused(ChainError):
    """The ledger refused the transaction; `reason` is what it said."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the ledger refused the transaction: {reason}")
        self.reason = reason


class SubmitUnknown(ChainError):
    """Nobody knows whether the transaction was accepted: never build another before looking it up."""


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest block; `time` in Unix seconds."""

    height: int
    slot: int
    time: int
    hash: str


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The block that holds a transaction; `time` in Unix seconds."""

    tx_hash: str
    block_hash: str
    height: int
    slot: int
    time: int


@dataclass(frozen=True, slots=True)
class MadeOutput:
    """An output of a transaction on the chain; `spent_by` is the transaction on the chain that spent it, if any."""

    address: str
    spent_by: str | None


@dataclass(frozen=True, slots=True)
class TransactionEnds:
    """What a transaction on the chain spends, as output → address, and what it makes, by index.

    Collateral and what is only referred to are left out.
    """

    inputs: Mapping[OutputReference, str]
    outputs: Mapping[int, MadeOutput]

    def spender(self, index: int) -> str | None:
        """The transaction on the chain that spends an output; None when there is none, or no such output."""
        made = self.outputs.get(index)
        return None if made is None else made.spent_by


def confirmations(tip: Tip, inclusion: Inclusion) -> int:
    """1 for a transaction in the newest block; 0 or less when the tip was read before the inclusion."""
    return tip.height - inclusion.height + 1


class Chain(Protocol):
    """A chain as seen through somebody's service. Every call may raise `ChainUnavailable`."""

    async def parameters(self) -> Parameters:
        """The parameters of this epoch, asked anew each time: they change when an epoch ends."""

    async def tip(self) -> Tip:
        """The newest block."""

    async def block_at(self, height: int) -> Tip | None:
        """The block of that height; None when there is none (yet)."""

    async def utxos(self, address: str, asset: Asset | None = None) -> list[Utxo]:
        """What is unspent at `address` (holding `asset`, when given); empty for an address never used."""

    async def inclusion(self, tx_hash: str) -> Inclusion | None:
        """Where the transaction stands on the chain; None when it is not (or no longer) there."""

    async def transaction(self, tx_hash: str) -> bytes | None:
        """The bytes of a transaction on the chain; None when it is not there.

        They are what the service says: who does not trust it parses them and compares the id.
        """

    async def is_waiting(self, tx_hash: str) -> bool:
        """Whether the service has the transaction in its mempool."""

    async def ends(self, tx_hash: str) -> TransactionEnds | None:
        """What a transaction on the chain spends and makes; None when it is not there."""

    async def submit(self, raw: bytes) -> str:
        """Hand in signed bytes, once; the transaction hash. Raises `SubmitRefused` or `SubmitUnknown`."""

    async def supply(self, asset: Asset) -> tuple[int, int] | None:
        """(minted in all, burned in all), both ≥ 0; None for an asset that never was."""

    async def aclose(self) -> None:
        """Let go of the connections."""


async def spender_of(chain: Chain, output: OutputReference) -> str | None:
    """The transaction on the chain that spends an output; None when there is none, or no such output."""
    tx_hash, index = output
    maker = await chain.ends(tx_hash)
    return None if maker is None else maker.spender(index)
