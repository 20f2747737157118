"""What evidence proves of a payment on Cardano: a transaction that was sent, or signed bytes of one that was not.

Nothing is changed, here or on the chain. A transaction that names no payment request (x402's) pays whoever asked for it
to be shown; once others can know it, it pays nobody.
"""

from paywall.clock import Clock
from paywall.errors import PaymentMismatch, PaymentPending, PaymentRequestExpired, PaymentUnnamed, Unavailable
from paywall.rails.base import CheckedPayment
from paywall.rails.cardano.inputs import check_spendable, owners
from paywall.rails.cardano.shown import (
    check_anothers,
    check_named,
    check_plain,
    is_bare,
    names_none,
    parsed,
    paying_output,
    shown,
)
from paywall.rails.cardano.state import CardanoState
from shared.cardano.read.transaction import Output, ParsedTransaction
from shared.chain.base import Chain, ChainError, ChainUnavailable
from shared.dialects.base import Evidence, StoredRequest
from shared.tokens.prt import PaymentOption


class CardanoChecks:
    """Looks at the chain, and at `clock` for what is late."""

    def __init__(self, chain: Chain, clock: Clock) -> None:
        self._chain = chain
        self._clock = clock

    async def check(self, request: StoredRequest, evidence: Evidence) -> CheckedPayment:
        what, option = shown(evidence), request.request.option(evidence.option_id)
        late = isinstance(what, bytes) and self._clock() >= request.request.expires_at
        if evidence.network != option.network:
            raise PaymentMismatch(f"The payment is on {evidence.network}; {option.network} was asked for.")
        try:
            if isinstance(what, str):
                return await self._landed(what, option, request.token)
            transaction = parsed(what)
            # Late bytes are not submitted; others may have done it in time.
            checked = None if late else await self._shown(transaction, what, request, option, evidence)
            return checked or await self._sent(transaction, option, request.token)
        except PaymentPending:
            if late:
                raise PaymentRequestExpired from None
            raise
        except ChainError as error:
            raise Unavailable("The chain cannot be asked at the moment; repeat the claim.") from error

    async def _landed(self, tx_hash: str, option: PaymentOption, token: str) -> CheckedPayment:
        inclusion = await self._chain.inclusion(tx_hash)
        raw = await self._chain.transaction(tx_hash) if inclusion is not None else None
        if inclusion is None or raw is None:
            raise PaymentPending("The transaction is not on chain yet.", transaction=tx_hash)
        transaction = parsed(raw)
        if transaction.id != tx_hash:
            raise ChainUnavailable("the chain service shows another transaction than was asked for")
        check_named(transaction, token)  # it is public: who shows it need not have paid
        paying = paying_output(transaction, option)
        owned = await owners(self._chain, transaction)
        return _checked(transaction, raw, paying, owned, inclusion.time)

    async def _sent(
        self, transaction: ParsedTransaction, option: PaymentOption, token: str
    ) -> CheckedPayment:
        if names_none(transaction) and await self._chain.inclusion(transaction.id) is not None:
            raise PaymentUnnamed
        return await self._landed(transaction.id, option, token)

    async def _shown(
        self,
        transaction: ParsedTransaction,
        raw: bytes,
        request: StoredRequest,
        option: PaymentOption,
        evidence: Evidence,
    ) -> CheckedPayment | None:
        """None for what is on the chain: its payer is never asked again, whatever is wrong with it."""
        try:
            return await self._unsent(transaction, raw, request, option, evidence)
        except PaymentMismatch:
            if await self._chain.inclusion(transaction.id) is None:
                raise
            return None

    async def _unsent(
        self,
        transaction: ParsedTransaction,
        raw: bytes,
        request: StoredRequest,
        option: PaymentOption,
        evidence: Evidence,
    ) -> CheckedPayment | None:
        bare = is_bare(evidence, transaction)
        if not bare:
            check_named(transaction, request.token)
        paying = paying_output(transaction, option)
        check_plain(transaction)
        tip = await self._chain.tip()
        if transaction.valid_from is not None and transaction.valid_from > tip.slot:
            raise PaymentMismatch(f"The transaction is not valid before slot {transaction.valid_from}.")
        # A slot is a second; the newest block is a little old, and what is left counts from now.
        last = tip.slot + max(0, request.request.expires_at - tip.time)
        if transaction.expiry_slot is None or transaction.expiry_slot > last:
            # Bytes that could land after the request has expired would be money without credits.
            raise PaymentMismatch(
                f"The transaction must expire by slot {last}, when the payment request does."
            )
        if transaction.expiry_slot <= tip.slot:
            raise PaymentMismatch("The transaction's expiry slot is past.")
        owned = await check_spendable(self._chain, transaction)
        if owned is None:
            return None
        check_anothers(owned, option)
        if bare and await self._chain.is_waiting(transaction.id):
            # Nobody who was not asked to pay by us: what its sender meant it for cannot be told.
            raise PaymentPending("The transaction was sent by somebody else.", transaction=transaction.id)
        return _checked(transaction, raw, paying, owned, None)


def _checked(
    transaction: ParsedTransaction,
    raw: bytes,
    paying: tuple[int, Output],
    owned: frozenset[str],
    paid_at: int | None,
) -> CheckedPayment:
    index, output = paying
    state = CardanoState(raw, transaction.expiry_slot, index, transaction.inputs)
    return CheckedPayment(
        external_id=transaction.id,
        amount=output.lovelace,
        paid_at=paid_at,
        owners=owned,
        state=state.document(),
        # On chain they are spent; before that, one output could be behind a thousand claims.
        spends=frozenset(state.input_names if paid_at is None else ()),
    )
