"""Whether a payment that nobody has submitted can land and pays what is asked: looks at the chain, changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paywall.clock import Clock
from paywall.facilitator.judge import Judge, JudgedInvalid
from shared.cardano.coins import OutputReference
from shared.cardano.read.transaction import Output, TransactionError, parse
from shared.chain.base import Chain, ChainUnavailable, MadeOutput, Tip
from shared.x402_cardano.reasons import ExactReason, ExactRefusal
from shared.x402_cardano.rules import check_balance, check_spender, check_window
from shared.x402_cardano.shown_payment import ExactPayment


class Inspection:
    """Without a `judge` our own rules decide alone."""

    def __init__(self, chain: Chain, clock: Clock, judge: Judge | None) -> None:
        self._chain = chain
        self._clock = clock
        self._judge = judge

    async def inspect(self, shown: ExactPayment) -> str:
        """The payer's address, of a payment that holds by itself (`check_alone`). Errors: ExactRefusal, ChainError."""
        slot = slot_now(await self._chain.tip(), self._clock())
        check_window(shown.transaction, slot, shown.requirements.seconds)
        spent = await self._spent(shown)
        payer = spent[shown.transaction.inputs.index(shown.nonce)].address
        try:
            check_balance(shown, spent, await self._chain.parameters())
            await self._check_unsent(shown)
            if self._judge is not None:
                await self._judge.judge(shown.raw)
        except JudgedInvalid as error:
            raise ExactRefusal(ExactReason.PHASE_1, f"the ledger refuses it: {error}", payer) from error
        except ExactRefusal as refusal:
            raise ExactRefusal(refusal.reason, refusal.message, payer) from refusal
        return payer

    async def _check_unsent(self, shown: ExactPayment) -> None:
        """Its payer was not to send it, and who saw it on its way need not have paid. Errors: ExactRefusal."""
        if await self._chain.is_waiting(shown.transaction.id):
            raise ExactRefusal(ExactReason.DUPLICATE, "the transaction was sent by somebody else")

    async def _spent(self, shown: ExactPayment) -> list[Output]:
        """What it spends, in its order; ends at the first that cannot be spent, so that junk costs one look."""
        parents: dict[str, _Parent] = {}
        found: dict[OutputReference, Output] = {}
        for reference in nonce_first(shown):
            parent, index = reference
            if parent not in parents:
                parents[parent] = await self._parent(parent)
            output = parents[parent].unspent(index)
            if output is None:
                gone = ExactReason.NONCE_GONE if reference == shown.nonce else ExactReason.INPUT_GONE
                raise ExactRefusal(gone, f"the output {parent}#{index} is spent, or not on the chain")
            check_spender(shown.transaction, output, shown.requirements)
            found[reference] = output
        return [found[reference] for reference in shown.transaction.inputs]

    async def _parent(self, tx_hash: str) -> "_Parent":
        ends = await self._chain.ends(tx_hash)
        raw = None if ends is None else await self._chain.transaction(tx_hash)
        if ends is None or raw is None:
            return _Parent({}, ())
        try:
            transaction = parse(raw)
        except TransactionError as error:
            raise ExactRefusal(ExactReason.PHASE_1, f"what {tx_hash} made cannot be read: {error}") from error
        # Its hash vouches for what it made, whatever the service says.
        if transaction.id != tx_hash:
            raise ChainUnavailable("the chain service shows another transaction than was asked for")
        return _Parent(ends.outputs, transaction.outputs)


@dataclass(frozen=True, slots=True)
class _Parent:
    """What a transaction made, and what the chain says became of that."""

    made: Mapping[int, MadeOutput]
    outputs: Sequence[Output]

    def unspent(self, index: int) -> Output | None:
        made = self.made.get(index)
        if made is None or made.spent_by is not None or index >= len(self.outputs):
            return None
        return self.outputs[index]


def nonce_first(shown: ExactPayment) -> Sequence[OutputReference]:
    """What it spends; the nonce is what a second copy of a payment fails by."""
    others = [reference for reference in shown.transaction.inputs if reference != shown.nonce]
    return [shown.nonce, *others]


def slot_now(tip: Tip, now: int) -> int:
    """The newest block is a little old. A slot is a second, on every network since Shelley."""
    return tip.slot + max(0, now - tip.time)
