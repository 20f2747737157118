"""The rail `usdc`: coins on an EVM network, moved by an authorization that the payer signs (x402 `exact`, EIP-3009).

The claim is stored before a facilitator is asked to settle, and from then on the network alone says what became of
it: a failed, lost or hung answer is none. The nonce is used and paid us: settled. Unused in a block behind its expiry,
or used for something else: failed. All else is pending.
"""

from functools import lru_cache, partial

from paywall.clock import Clock
from paywall.errors import PaymentMismatch, PaymentRequestExpired, Unavailable
from paywall.rails.base import JSON, CheckedPayment, Failed, Pending, RailOutcome, Settled, StoredPayment
from paywall.rails.usdc.authorizations import check_pays, check_times, shown
from paywall.rails.usdc.facilitator import Facilitator, FacilitatorBusy
from paywall.rails.usdc.state import UsdcState
from paywall.rails.usdc.usdc_option import UsdcTerms
from shared.chain.evm_chain import EvmBlock, EvmChain, Spending
from shared.chain.json_calls import Unanswered
from shared.dialects.base import ChargeTerms, Evidence, ExactTerms, StoredRequest
from shared.evm import eip3009
from shared.evm.eip3009 import Authorization
from shared.tokens.prt import PaymentOption

#: between two requests to settle one payment: each may become a transaction, of which all but one fail
AGAIN_SECONDS = 15
#: payments whose last request is remembered
REMEMBERED = 4096


class UsdcRail:
    """A `Rail`, paid in USDC."""

    id = "usdc"

    def __init__(self, terms: UsdcTerms, facilitator: Facilitator, chain: EvmChain, clock: Clock) -> None:
        self._terms = terms
        self._facilitator = facilitator
        self._chain = chain
        self._clock = clock
        self._asked_at: dict[str, int] = {}
        self.quote = lru_cache(maxsize=256)(partial(terms.quote, self.id))  # a dollar stays a coin

    def describe(self) -> dict[str, JSON]:
        return {"id": self.id, **self._terms.describe()}

    def exact(self, option: PaymentOption) -> ExactTerms:
        return self._terms.exact(option)

    def charge(self, option: PaymentOption) -> ChargeTerms:
        return self._terms.charge(option)

    def external_id(self, evidence: Evidence) -> str:
        """Whoever shows an authorization again shows the same payment."""
        authorization, terms = shown(evidence), self._terms
        return eip3009.external_id(
            terms.network, terms.token.address, authorization.payer, authorization.nonce
        )

    async def check(self, request: StoredRequest, evidence: Evidence) -> CheckedPayment:
        authorization, option = shown(evidence), request.request.option(evidence.option_id)
        if not evidence.network == option.network == self._terms.network:
            raise PaymentMismatch(f"The payment is on {evidence.network}; {option.network} was asked for.")
        now, seconds = self._clock(), request.request.expires_at - request.request.issued_at
        if now >= request.request.expires_at:
            raise PaymentRequestExpired
        check_pays(authorization, option)
        check_times(authorization, now, seconds)
        block = await self._verified(self._state(authorization, option, seconds, 0))
        return CheckedPayment(
            external_id=self.external_id(evidence),
            amount=authorization.value,
            paid_at=None,
            owners=frozenset({f"did:pkh:{self._terms.network}:{authorization.payer.lower()}"}),
            state=self._state(authorization, option, seconds, block).document(),
        )

    def _state(
        self, authorization: Authorization, option: PaymentOption, seconds: int, block: int
    ) -> UsdcState:
        token = self._terms.token
        return UsdcState(
            authorization=authorization,
            network=self._terms.network,
            asset=token.address,
            name=token.name,
            version=token.version,
            pay_to=option.recipient,
            amount=option.amount,
            seconds=seconds,
            block=block,
        )

    async def _verified(self, state: UsdcState) -> int:
        """The newest block before it could be settled: from there on it is looked for.

        So no money is taken while nobody could tell what became of it. Errors: PaymentMismatch, Unavailable.
        """
        try:
            newest = await self._chain.newest()
            verdict = await self._facilitator.verify(state.request())
        except Unanswered as error:
            raise Unavailable(
                "The payment cannot be verified at the moment; nothing was taken. Send it again."
            ) from error
        if not verdict.valid:
            raise PaymentMismatch(f"The payment cannot be settled: {verdict.reason}.")
        return newest.number

    def is_ours(self, state: UsdcState) -> bool:
        """Whether it is of the token and network that are asked about now: of others, these nonces say nothing."""
        return (state.network, state.asset.lower()) == (
            self._terms.network,
            self._terms.token.address.lower(),
        )

    async def settle(self, payment: StoredPayment) -> RailOutcome:
        state = UsdcState.read(payment.state)
        if not self.is_ours(state):
            return self._unknown
        try:
            outcome = None if payment.first else await self._found(state)
            if outcome is None and self._may_ask(payment):
                outcome = await self._found(state, await self._asked_to_settle(payment, state))
        except Unanswered:
            return self._unknown  # ask again
        if outcome is not None and not isinstance(outcome, Pending):
            self._asked_at.pop(payment.id, None)
        return outcome or self._unknown

    def _may_ask(self, payment: StoredPayment) -> bool:
        """Once in a while: while one transaction is on its way, another can only fail, at the facilitator's cost."""
        now = self._clock()
        if not payment.first and now < self._asked_at.get(payment.id, 0) + AGAIN_SECONDS:
            return False
        if len(self._asked_at) >= REMEMBERED:
            self._asked_at.clear()
        self._asked_at[payment.id] = now
        return True

    async def _asked_to_settle(self, payment: StoredPayment, state: UsdcState) -> str:
        """The hash that the facilitator names, empty for none. That it did not answer says nothing."""
        try:
            return await self._facilitator.settle(state.request())
        except FacilitatorBusy:
            self._asked_at.pop(payment.id, None)  # nobody was asked
            return ""
        except Unanswered:
            return ""

    async def _found(self, state: UsdcState, hint: str = "") -> RailOutcome | None:
        """What the network says of the payment; None while nothing happened that cannot happen yet.

        Errors: Unanswered.
        """
        authorization, newest = state.authorization, await self._chain.newest()
        if hint:
            spending = await self._chain.receipt(hint, authorization, state.pay_to)
            if spending is not None:
                return await self._judged(spending, newest)
        if await self._chain.is_used(authorization, newest.number):
            spending = await self._chain.spending(authorization, state.pay_to, state.block, newest.number)
            return self._unknown if spending is None else await self._judged(spending, newest)
        # The token takes it in no block of that time or later. As deep as we ask, no fork that we heed has another.
        settled = newest.number - self._terms.confirmations + 1
        deep = newest if settled == newest.number else await self._chain.block(max(settled, 0))
        if deep.time >= authorization.valid_before:
            return Failed("the authorization expired before it was settled; no money has moved")
        return None

    async def _judged(self, spending: Spending, newest: EvmBlock) -> RailOutcome:
        deep = newest.number - spending.block + 1
        if deep < self._terms.confirmations:
            return Pending(max(deep, 0), self._terms.confirmations)
        if not spending.paid:
            return Failed("the authorization was cancelled, or its nonce was used for another transfer")
        block = await self._chain.block(spending.block)
        return Settled(block.time, deep, {"txHash": spending.tx_hash})

    @property
    def _unknown(self) -> Pending:
        return Pending(0, self._terms.confirmations)

    def receipt_metadata(self, payment: StoredPayment) -> dict[str, str]:
        return {"network": self._terms.network, "authorization": payment.external_id}

    async def aclose(self) -> None:
        await self._facilitator.aclose()
        await self._chain.aclose()
