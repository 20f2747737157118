"""The port to the chain as a wallet needs it, which must know what the script of its policy uses."""

from typing import Protocol

from shared.cardano.policy import ExecutionUnits
from shared.chain.base import Chain


class WalletChain(Chain, Protocol):
    """Every call may raise `ChainUnavailable`."""

    async def evaluate(self, raw: bytes) -> ExecutionUnits | None:
        """What the one script of a transaction uses; None when the service cannot tell, or the script fails."""
