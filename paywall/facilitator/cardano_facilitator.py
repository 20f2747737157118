"""The facilitator itself: verify changes nothing, settle is idempotent by the transaction's id, supported is constant.

It has no key and no money: a payment is a transaction that its payer signed whole, and pays where he said.
"""

import asyncio
import sqlite3
from dataclasses import replace
from typing import Any

from paywall.clock import Clock, unix_now
from paywall.facilitator.inspecting import Inspection
from paywall.facilitator.judge import Judge
from paywall.facilitator.landing import Landing, pending
from paywall.facilitator.settlements_file import SettlementClaim, SettlementsFile
from paywall.facilitator.verdicts import SettleAnswer, VerifyAnswer
from shared.chain.base import Chain, ChainError
from shared.x402_cardano.reasons import ExactReason, ExactRefusal
from shared.x402_cardano.requirements import (
    LEAST_CONFIRMATIONS,
    METHOD,
    MOST_CONFIRMATIONS,
    SCHEME,
    canonical_network,
)
from shared.x402_cardano.rules import check_alone
from shared.x402_cardano.shown_payment import VERSION, ExactPayment, read_payment

#: below the 90 seconds that x402's clients wait for an answer
PATIENCE, PAUSE = 60.0, 2.0
#: how long "settled" is said again, to a seller that lost the answer; later, the same payment is a second purchase
REPEATED_SECONDS = 120
_NO_CHAIN = "the chain, or the facilitator's own file, cannot be asked at the moment"


class CardanoFacilitator:
    """Of one network, such as `cardano:preprod`. What it is shown are x402's documents, as JSON has them."""

    def __init__(
        self,
        network: str,
        chain: Chain,
        claims: SettlementsFile,
        clock: Clock = unix_now,
        *,
        judge: Judge | None = None,
        patience: float = PATIENCE,
        pause: float = PAUSE,
    ) -> None:
        """One settle waits up to `patience` seconds for blocks, and looks every `pause`."""
        self.network = canonical_network(network)
        self._claims = claims
        self._clock = clock
        self._inspection = Inspection(chain, clock, judge)
        self._landing = Landing(chain, claims, clock, patience, pause)
        self._under_way: dict[tuple[bytes, str], asyncio.Task[SettleAnswer]] = {}

    async def verify(self, payment: object, requirements: object) -> VerifyAnswer:
        """Of x402's `paymentPayload` and `paymentRequirements`. No effect, here or on the chain."""
        try:
            shown = self._shown(payment, requirements)
            claim = self._claimed(shown)
            if claim is None:
                return VerifyAnswer(payer=await self._inspected(shown))
            return await self._claim_verified(shown, claim)
        except ExactRefusal as refusal:
            return VerifyAnswer.refused(refusal)
        except (ChainError, sqlite3.Error):
            return VerifyAnswer(ExactReason.CHAIN, _NO_CHAIN)

    async def settle(self, payment: object, requirements: object) -> SettleAnswer:
        """The same again while it is under way waits for the first, and gets its answer as `repeated`.

        It goes on when whoever asked goes away.
        """
        try:
            shown = self._shown(payment, requirements)
        except ExactRefusal as refusal:
            return SettleAnswer(self.network, "", reason=refusal.reason, message=refusal.message)
        # By its bytes: another copy's witnesses are no part of the id, and may be too few.
        key = shown.raw, shown.requirements.digest
        if key in self._under_way:
            answer = await asyncio.shield(self._under_way[key])
            return replace(answer, repeated=answer.settled)
        task = self._under_way[key] = asyncio.create_task(self._settle(shown))
        task.add_done_callback(lambda _: self._under_way.pop(key))
        return await asyncio.shield(task)

    def supported(self) -> dict[str, Any]:
        """x402's answer to `GET /supported`."""
        extra = {
            "assetTransferMethods": [METHOD],
            "areFeesSponsored": False,
            "l1Confirmations": {"minimum": LEAST_CONFIRMATIONS, "maximum": MOST_CONFIRMATIONS},
        }
        kind = {"x402Version": VERSION, "scheme": SCHEME, "network": self.network, "extra": extra}
        return {"kinds": [kind], "extensions": [], "signers": {}}

    async def aclose(self) -> None:
        """Waits for what is being settled."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    def _shown(self, payment: object, requirements: object) -> ExactPayment:
        shown = read_payment(payment, requirements)
        if shown.requirements.network != self.network:
            raise ExactRefusal(ExactReason.NETWORK, f"payments on {self.network} are settled here")
        # Of what was claimed too: by a nonce that is none of its inputs, it could be called lost.
        check_alone(shown)
        return shown

    def _claimed(self, shown: ExactPayment) -> SettlementClaim | None:
        """What was claimed was verified then. Errors: ExactRefusal for one that pays something else."""
        claim = self._claims.find(shown.transaction.id)
        if claim is None:
            return None
        if claim.settled_at is not None and self._clock() > claim.settled_at + REPEATED_SECONDS:
            raise ExactRefusal(ExactReason.DUPLICATE, "the payment was settled a while ago", claim.payer)
        return _same(claim, shown)

    async def _claim_verified(self, shown: ExactPayment, claim: SettlementClaim) -> VerifyAnswer:
        """Valid while nobody knows that it has failed: refused, it would be paid anew while it is on its way."""
        try:
            answer = await self._landing.look(shown, claim)
        except ChainError:
            return VerifyAnswer(payer=claim.payer)
        if answer.settled or answer.pending:
            return VerifyAnswer(payer=claim.payer)
        return VerifyAnswer(answer.reason, answer.message, claim.payer)

    async def _inspected(self, shown: ExactPayment) -> str:
        """The payer of what nobody claimed. Errors: ExactRefusal, ChainError."""
        try:
            return await self._inspection.inspect(shown)
        except ExactRefusal:
            # Claimed while it was looked at, it is on its way or has spent its own inputs by now.
            claim = self._claimed(shown)
            if claim is None:
                raise
            return claim.payer

    async def _settle(self, shown: ExactPayment) -> SettleAnswer:
        try:
            claim = self._claimed(shown) or await self._claim(shown)
            return await self._landing.land(shown, claim)
        except ExactRefusal as refusal:
            name = shown.transaction.id
            return SettleAnswer(self.network, name, refusal.payer, refusal.reason, refusal.message)
        except (ChainError, sqlite3.Error):
            # Not claimed, it was not sent, and the next one begins anew; claimed, the next one goes on.
            return pending(shown, "", _NO_CHAIN)

    async def _claim(self, shown: ExactPayment) -> SettlementClaim:
        """Errors: ExactRefusal, ChainError; then nothing is stored."""
        payer = await self._inspected(shown)
        wanted = SettlementClaim(shown.transaction.id, shown.requirements.digest, payer, shown.raw)
        return _same(self._claims.take(wanted), shown)


def _same(claim: SettlementClaim, shown: ExactPayment) -> SettlementClaim:
    if claim.requirements != shown.requirements.digest:
        message = "the transaction was shown for other payment requirements before"
        raise ExactRefusal(ExactReason.DUPLICATE, message, claim.payer)
    return claim
