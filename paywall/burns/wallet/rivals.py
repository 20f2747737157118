"""What stands in the way of an attempt that was given up, by the chain's own word.

Our record tells what our burns spend; who else spends what an attempt needs is told by the chain alone: another
program with our key, or a burn of ours that the record has come past.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from paywall.burns.wallet.anchors import AttemptNeeds
from paywall.burns.wallet.base import WalletChain
from shared.cardano.coins import OutputReference, Utxo
from shared.chain.base import confirmations, spender_of

#: of what is asked about an attempt, so many outputs at most
MOST_ASKED = 20


@dataclass(frozen=True, slots=True)
class RivalSpend:
    """An output that an attempt needs, the transaction on the chain that spends it instead, and how deep that is."""

    output: OutputReference
    tx_hash: str
    confirmations: int


class Rivals:
    """Asks the chain. `address` is the wallet's. Every call may raise ChainUnavailable."""

    def __init__(self, chain: WalletChain, address: str) -> None:
        self._chain = chain
        self._address = address

    async def deepest(self, needed: AttemptNeeds) -> RivalSpend | None:
        """Of those that spend what is needed; None when there is none."""
        tip = await self._chain.tip()
        found: list[RivalSpend] = []
        for output in sorted(needed.outputs)[:MOST_ASKED]:
            rival = await self._rival(output, needed)
            inclusion = None if rival is None else await self._chain.inclusion(rival)
            if rival is not None and inclusion is not None:
                found.append(RivalSpend(output, rival, confirmations(tip, inclusion)))
        return max(found, key=lambda one: one.confirmations, default=None)

    async def left_over(self, needed: AttemptNeeds, spendable: Sequence[Utxo]) -> OutputReference | None:
        """What of `spendable` comes from a rival, by way of others or not; None for nothing.

        Who spends it needs the rival on the chain, and beside the rival no attempt with these needs can land.
        """
        queue, passed = sorted(needed.outputs), set[str]()
        for _ in range(MOST_ASKED):
            if not queue:
                break
            rival = await self._rival(queue.pop(0), needed)
            if rival is None or rival in passed:
                continue
            passed.add(rival)
            ours = [utxo for utxo in spendable if utxo.tx_hash == rival]
            if ours:
                return max(ours, key=lambda utxo: (sum(utxo.tokens.values()), -utxo.index)).reference
            queue += await self._came_to_us(rival)
        return None

    async def _rival(self, output: OutputReference, needed: AttemptNeeds) -> str | None:
        spender = await spender_of(self._chain, output)
        return None if spender in needed.attempts else spender

    async def _came_to_us(self, tx_hash: str) -> list[OutputReference]:
        ends = await self._chain.ends(tx_hash)
        made = {} if ends is None else ends.outputs
        return [(tx_hash, index) for index in sorted(made) if made[index].address == self._address]
