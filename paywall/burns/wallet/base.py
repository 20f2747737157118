"""The port to the chain as a wallet needs it, which must know who else spends its outputs."""

from typing import Protocol

from shared.cardano.coins import OutputReference
from shared.cardano.policy import ExecutionUnits
from shared.chain.base import Chain, Tip


class WalletChain(Chain, Protocol):
    """Every call may raise `ChainUnavailable`."""

    async def block_at(self, height: int) -> Tip | None:
        """The block of that height; None when there is none (yet)."""

    async def spender(self, output: OutputReference) -> str | None:
        """The transaction on the chain that spends an output; None when there is none, or no such output."""

    async def evaluate(self, raw: bytes) -> ExecutionUnits | None:
        """What the one script of a transaction uses; None when the service cannot tell, or the script fails."""
