"""Sends a claimed payment, once, and watches until it is as deep as was asked, can never land, or time is up."""

import asyncio
from dataclasses import replace

from paywall.clock import Clock
from paywall.facilitator.settlements_file import SettlementClaim, SettlementsFile
from paywall.facilitator.verdicts import SettleAnswer
from shared.chain.base import (
    Chain,
    ChainError,
    ChainUnavailable,
    SubmitRefused,
    SubmitUnknown,
    Tip,
    confirmations,
    spender_of,
)
from shared.chain.depth import is_past
from shared.x402_cardano.reasons import ExactReason
from shared.x402_cardano.shown_payment import ExactPayment

#: the ledger's words for inputs that are gone: it landed or waits already, or lost to another
_SPENT = ("badinputsutxo", "already", "spent", "not found", "unknown input", "missing input")


#: blocks that stand for good where a failure is concluded, whatever less was asked for to call a payment settled:
#: about two minutes, and a payment that was called failed must not land on a fork
_STANDS = 6


class Landing:
    """`patience` and `pause` in seconds: how long one call waits, and between two looks."""

    def __init__(
        self, chain: Chain, claims: SettlementsFile, clock: Clock, patience: float, pause: float
    ) -> None:
        self._chain = chain
        self._clock = clock
        self._claims = claims
        self._patience = patience
        self._pause = pause

    async def land(self, shown: ExactPayment, claim: SettlementClaim) -> SettleAnswer:
        """Unknown is pending; failed is what no chain can hold any more. Sends once a call at most."""
        end = asyncio.get_running_loop().time() + self._patience
        sent = False
        while True:
            try:
                answer = await self.look(shown, claim)
                if answer.settled:
                    # With other witnesses it is another's copy of what is public by now.
                    first = shown.raw == claim.raw
                    first = first and self._claims.settle(claim.transaction_id, self._clock())
                    return replace(answer, repeated=not first)
                if not sent and _is_unseen(answer) and claim.step != "accepted":
                    sent = True
                    answer = await self._send(shown, claim) or answer
            except ChainError:
                sent = False  # what failed here was a question, or never left
                answer = pending(shown, claim.payer, "the chain cannot be asked at the moment")
            if not answer.pending or asyncio.get_running_loop().time() + self._pause > end:
                return answer
            await asyncio.sleep(self._pause)

    async def look(self, shown: ExactPayment, claim: SettlementClaim) -> SettleAnswer:
        """How it stands; nothing is changed. Errors: ChainError."""
        seen = await self._seen(shown, claim)
        if seen is not None:
            return seen
        if claim.step == "refused":
            return _failed(shown, claim, ExactReason.REJECTED, claim.said)
        tip = await self._chain.tip()
        if await self._is_lost(shown, tip):
            return _failed(shown, claim, ExactReason.INPUT_GONE, "another transaction spent what it spends")
        if await self._is_over(shown, tip):
            return _failed(shown, claim, ExactReason.FAILED, "it expired before it reached a block")
        return pending(shown, claim.payer, "it is not in a block yet")

    async def _seen(self, shown: ExactPayment, claim: SettlementClaim) -> SettleAnswer | None:
        inclusion = await self._chain.inclusion(claim.transaction_id)
        if inclusion is None:
            return None
        newer = max(0, confirmations(await self._chain.tip(), inclusion) - 1)
        if newer < shown.requirements.confirmations:
            return pending(shown, claim.payer, "it is in a block that is not deep enough", newer)
        told = {"status": "confirmed", "confirmations": newer}
        return SettleAnswer(shown.requirements.network, claim.transaction_id, claim.payer, extra=told)

    async def _send(self, shown: ExactPayment, claim: SettlementClaim) -> SettleAnswer | None:
        """Marked before, so that after a crash no refusal is believed: the first try may have reached a node."""
        name = claim.transaction_id
        self._claims.mark(name, "sent")
        try:
            await self._chain.submit(claim.raw)
        except SubmitRefused as refusal:
            gone = any(word in refusal.reason.lower() for word in _SPENT)
            if claim.step == "sent" or gone or await self._chain.is_waiting(name):
                return None
            self._claims.mark(name, "refused", refusal.reason)
            return _failed(shown, claim, ExactReason.REJECTED, refusal.reason)
        except SubmitUnknown:
            return None
        except ChainUnavailable:
            self._claims.mark(name, claim.step)  # it was not sent now
            raise
        self._claims.mark(name, "accepted")
        return None

    async def _is_lost(self, shown: ExactPayment, tip: Tip) -> bool:
        """Whether an input was spent by another transaction, so deep that it stands."""
        spender = await spender_of(self._chain, shown.nonce)
        if spender is None or spender == shown.transaction.id:
            return False
        inclusion = await self._chain.inclusion(spender)
        return inclusion is not None and confirmations(tip, inclusion) >= _depth(shown)

    async def _is_over(self, shown: ExactPayment, tip: Tip) -> bool:
        """Whether no chain that is heeded can hold it any more, and no index that lags hides it."""
        expiry = shown.transaction.expiry_slot
        if expiry is None or not await is_past(self._chain, tip, expiry, _depth(shown)):
            return False
        tx_hash, index = shown.nonce
        ends = await self._chain.ends(tx_hash)
        return ends is not None and index in ends.outputs and ends.spender(index) is None


def pending(shown: ExactPayment, payer: str, message: str, newer: int | None = None) -> SettleAnswer:
    """The scheme's word for: settle the same payment again, never pay again."""
    name = shown.transaction.id
    told: dict[str, object] = {"status": "pending", "transactionId": name}
    if newer is not None:
        told["confirmations"] = newer
    return SettleAnswer(shown.requirements.network, name, payer, ExactReason.PENDING, message, told)


def _depth(shown: ExactPayment) -> int:
    """The block that holds a transaction counted as one."""
    return max(shown.requirements.confirmations + 1, _STANDS)


def _is_unseen(answer: SettleAnswer) -> bool:
    return answer.pending and "confirmations" not in answer.extra


def _failed(shown: ExactPayment, claim: SettlementClaim, reason: ExactReason, message: str) -> SettleAnswer:
    network = shown.requirements.network
    return SettleAnswer(network, claim.transaction_id, claim.payer, reason, message, {"status": "failed"})
