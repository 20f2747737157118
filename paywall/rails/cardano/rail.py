"""The rail `cardano`: ADA to the seller's address, with SHA-256 of the PRT in the transaction's metadata.

A payer shows either the hash of a transaction that is on chain, or the signed bytes of one that is not:
those are checked whole before they are submitted, so that a refusal costs nothing (the rule of x402's
scheme `exact` on Cardano).
"""

from contextlib import suppress
from functools import lru_cache, partial

from paywall.clock import Clock
from paywall.rails.base import JSON, CheckedPayment, Failed, Pending, RailOutcome, Settled, StoredPayment
from paywall.rails.cardano.checking import CardanoChecks
from paywall.rails.cardano.inputs import InputsFate, fate
from paywall.rails.cardano.option import LEAST_LOVELACE, CardanoTerms
from paywall.rails.cardano.shown import parsed, shown
from paywall.rails.cardano.state import CardanoState
from shared.chain.base import (
    Chain,
    ChainError,
    SubmitRefused,
    SubmitUnknown,
    Tip,
    confirmations,
)
from shared.chain.depth import is_past
from shared.dialects.base import ChargeTerms, Evidence, ExactTerms, StoredRequest
from shared.tokens.prt import PaymentOption

#: how long a payment without an expiry slot may be off the chain before it is given up
NEVER_EXPIRES_SECONDS = 86_400
#: the ledger's words for inputs that are gone: the transaction landed already, or lost to another
SPENT = ("BadInputsUTxO", "already", "spent", "not found", "unknown input", "missing input")
DOUBLE_SPENT = "what the transaction spends was spent by another one"


class CardanoRail:
    """A `Rail`, paid in ADA."""

    id = "cardano"
    least = LEAST_LOVELACE

    def __init__(self, terms: CardanoTerms, chain: Chain, clock: Clock) -> None:
        self._terms = terms
        self._chain = chain
        self._clock = clock
        self.quote = lru_cache(maxsize=256)(partial(terms.quote, self.id))  # our rate stands as long as we do

    def describe(self) -> dict[str, JSON]:
        return {"id": self.id, **self._terms.describe()}

    def exact(self, option: PaymentOption) -> ExactTerms:
        return self._terms.exact(option)

    def charge(self, option: PaymentOption) -> ChargeTerms:
        return self._terms.charge(option)

    def external_id(self, evidence: Evidence) -> str:
        what = shown(evidence)
        return what if isinstance(what, str) else parsed(what).id

    async def check(self, request: StoredRequest, evidence: Evidence) -> CheckedPayment:
        return await CardanoChecks(self._chain, self._clock).check(request, evidence)

    async def settle(self, payment: StoredPayment) -> RailOutcome:
        try:
            return await self._settle(payment)
        except ChainError:
            return Pending(0, self._terms.confirmations)  # not known: ask again

    async def _settle(self, payment: StoredPayment) -> RailOutcome:
        seen = await self._seen(payment.external_id, self._terms.confirmations)
        if seen is not None:
            return seen
        tip, state = await self._chain.tip(), CardanoState.read(payment.state)
        if await self._is_over(payment, state.expiry_slot, tip):
            return await self._given_up(payment, state, tip)
        past = state.expiry_slot is not None and tip.slot > state.expiry_slot
        if state.transaction is None or past:
            return self._unknown
        try:
            await self._chain.submit(state.transaction)
        except SubmitRefused as refusal:
            # "Inputs spent" may mean that it is in the mempool or landed just now, and so may any refusal after
            # a submit whose outcome is not known: only its expiry ends that, or another spender that stands.
            if payment.first and not any(word.lower() in refusal.reason.lower() for word in SPENT):
                seen = await self._seen(payment.external_id, self._terms.confirmations)
                return seen or Failed(refusal.reason)
            if await self._inputs(payment, state, tip) == "lost":
                return Failed(DOUBLE_SPENT)
        except SubmitUnknown:
            pass
        return self._unknown

    async def _given_up(self, payment: StoredPayment, state: CardanoState, tip: Tip) -> RailOutcome:
        """Failed, unless what it spends says that the chain service hides it."""
        inputs = await self._inputs(payment, state, tip)
        waiting = self._clock() <= payment.claimed_at + NEVER_EXPIRES_SECONDS
        if inputs == "landed" or (inputs == "unknown" and waiting):
            return self._unknown
        return Failed("the transaction left the chain, or expired before it reached a block")

    async def watch(self, payment: StoredPayment) -> RailOutcome:
        try:
            return await self._watch(payment)
        except ChainError:
            return Pending(0, self._terms.final)

    async def _watch(self, payment: StoredPayment) -> RailOutcome:
        seen = await self._seen(payment.external_id, self._terms.final)
        if seen is not None:
            return seen
        tip, state = await self._chain.tip(), CardanoState.read(payment.state)
        inputs = await self._inputs(payment, state, tip)
        if inputs == "lost":
            return Failed(DOUBLE_SPENT)
        if inputs == "unknown" and await self._is_long_over(payment, state.expiry_slot, tip):
            # What it spends was never made on this chain: its maker's own money went elsewhere.
            return Failed("the transaction left the chain, and so did what it spends")
        if state.expiry_slot is not None and tip.slot > state.expiry_slot:
            # What it spends is shown, and not spent by it: then this is no gap in the index.
            plain = inputs == "open" and bool(state.inputs)
            if plain and await self._is_over(payment, state.expiry_slot, tip):
                return Failed("the transaction left the chain, and has expired since")
        elif inputs != "landed" and state.transaction is not None:
            with suppress(SubmitRefused, SubmitUnknown):
                await self._chain.submit(state.transaction)  # it is ours to lose
        return Pending(0, self._terms.final)

    async def _inputs(self, payment: StoredPayment, state: CardanoState, tip: Tip) -> InputsFate:
        return await fate(self._chain, payment.external_id, state.inputs, tip, self._terms.confirmations)

    @property
    def _unknown(self) -> Pending:
        return Pending(0, self._terms.confirmations)

    async def _is_over(self, payment: StoredPayment, expiry_slot: int | None, tip: Tip) -> bool:
        """Whether no chain that we heed can hold it any more; for one that never expires, a day is enough."""
        if expiry_slot is None:
            return self._clock() > payment.claimed_at + NEVER_EXPIRES_SECONDS
        # Once a block past its expiry is as deep as we ask, no fork that we heed can still hold it.
        return await is_past(self._chain, tip, expiry_slot, self._terms.confirmations)

    async def _is_long_over(self, payment: StoredPayment, expiry_slot: int | None, tip: Tip) -> bool:
        """The same a day later: an index that lags hides a transaction with those before it."""
        later = None if expiry_slot is None else expiry_slot + NEVER_EXPIRES_SECONDS
        return await self._is_over(payment, later, tip)

    async def _seen(self, tx_hash: str, required: int) -> Settled | Pending | None:
        inclusion = await self._chain.inclusion(tx_hash)
        if inclusion is None:
            return None
        deep = confirmations(await self._chain.tip(), inclusion)
        if deep >= required:
            return Settled(inclusion.time, deep)
        return Pending(max(deep, 0), required)

    def receipt_metadata(self, payment: StoredPayment) -> dict[str, str]:
        return {"network": self._terms.network, "txHash": payment.external_id}

    async def aclose(self) -> None:
        await self._chain.aclose()
