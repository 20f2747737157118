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

#: an output, and the transaction on the chain that spends it
_Spend = tuple[OutputReference, str]
#: of what is asked about an attempt, so many outputs at most
MOST_ASKED = 20


@dataclass(frozen=True, slots=True)
class RivalSpend:
    """An output that an attempt needs, the transaction on the chain that spends it instead, and how deep that is."""

    output: OutputReference
    tx_hash: str
    confirmations: int


@dataclass(frozen=True, slots=True)
class RivalChange:
    """`left` is ours to spend and comes from `tx_hash`, which spends `output`, by way of others or not.

    Who spends it needs that transaction on the chain.
    """

    output: OutputReference
    tx_hash: str
    left: OutputReference


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

    async def change(self, needed: AttemptNeeds, spendable: Sequence[Utxo]) -> RivalChange | None:
        """What of `spendable` comes from a rival; None for nothing."""
        queue, first, passed = sorted(needed.outputs), dict[OutputReference, _Spend](), set[str]()
        for _ in range(MOST_ASKED):
            if not queue:
                break
            output = queue.pop(0)
            rival = await self._rival(output, needed)
            if rival is None or rival in passed:
                continue
            passed.add(rival)
            spend = first.get(output, (output, rival))
            ours = [utxo for utxo in spendable if utxo.tx_hash == rival]
            if ours:
                left = max(ours, key=lambda utxo: (sum(utxo.tokens.values()), -utxo.index))
                return RivalChange(*spend, left.reference)
            came = await self._came_to_us(rival)
            first |= dict.fromkeys(came, spend)
            queue += came
        return None

    async def out_of_reach(self, needed: AttemptNeeds) -> int | None:
        """The chain's height, where it shows no maker of what an attempt needs; None where it shows all.

        Nor where another maker's output is spent by the attempt: then the chain holds it, and its index hides it.
        """
        height, gone = (await self._chain.tip()).height, False
        makers = {output[0] for output in needed.outputs} - needed.attempts
        for maker in sorted(makers)[:MOST_ASKED]:
            ends = await self._chain.ends(maker)
            gone |= ends is None
            if ends is not None and any(made.spent_by in needed.attempts for made in ends.outputs.values()):
                return None
        return height if gone else None

    async def _rival(self, output: OutputReference, needed: AttemptNeeds) -> str | None:
        spender = await spender_of(self._chain, output)
        return None if spender in needed.attempts else spender

    async def _came_to_us(self, tx_hash: str) -> list[OutputReference]:
        ends = await self._chain.ends(tx_hash)
        made = {} if ends is None else ends.outputs
        return [(tx_hash, index) for index in sorted(made) if made[index].address == self._address]
