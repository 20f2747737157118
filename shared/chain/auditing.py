"""Fetching what an audit of a token's supply looks at."""

from collections.abc import Sequence
from typing import Protocol

from shared.cardano.assets import Asset
from shared.cardano.read.audit import Audit, AuditEvidence, judge


class TokenChain(Protocol):
    """What an audit asks of a chain service. Every call may raise `ChainUnavailable`."""

    async def events(self, asset: Asset) -> Sequence[tuple[str, int]]:
        """(transaction hash, quantity) of every mint, and of every burn below zero, oldest first."""

    async def circulating(self, asset: Asset) -> int | None:
        """How many there are; None for an asset that never was."""

    async def script(self, script_hash: str) -> bytes | None:
        """The bytes of a Plutus script that the chain has seen; None for a native one too."""

    async def transaction(self, tx_hash: str) -> bytes | None:
        """The bytes of a transaction on the chain."""


async def audit(chain: TokenChain, asset: Asset) -> Audit:
    """Errors: ChainUnavailable."""
    events = await chain.events(asset)
    return judge(
        AuditEvidence(
            asset=asset,
            events=events,
            circulating=await chain.circulating(asset),
            first_mint=await chain.transaction(events[0][0]) if events else None,
            script=await chain.script(asset.policy_id),
        )
    )
