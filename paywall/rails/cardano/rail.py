"""The rail `cardano`: ADA to the seller's address, with SHA-256 of the PRT in the transaction's metadata.

A payer shows either the hash of a transaction that is on chain, or the signed bytes of one that is not:
those are checked whole before they are submitted, so that a refusal costs nothing (the rule of x402's
scheme `exact` on Cardano).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from paywall.clock import Clock
from paywall.errors import (
    ClaimInvalid,
    PaymentMismatch,
    PaymentPending,
    PaymentRequestExpired,
    Unavailable,
)
from paywall.rails.base import JSON, CheckedPayment, Failed, Pending, RailOutcome, Settled, StoredPayment
from paywall.rails.cardano.state import CardanoState
from shared.cardano.metadata import read_payment
from shared.cardano.network import SLOTS_PER_CONFIRMATION
from shared.cardano.read.transaction import Output, ParsedTransaction, TransactionError, parse
from shared.chain.base import Chain, ChainError, SubmitRefused, SubmitUnknown, Tip, confirmations
from shared.dialects.base import Evidence, StoredRequest
from shared.money import Money, convert
from shared.tokens.prt import PaymentOption, token_hash

ADA_DECIMALS = 6
#: how long a payment without an expiry slot may be off the chain before it is given up
NEVER_EXPIRES_SECONDS = 86_400
#: the ledger's words for inputs that are gone: the transaction landed already, or lost to another
SPENT = ("BadInputsUTxO", "already", "spent", "not found", "unknown input", "missing input")
#: a claim is read more than once on its way (its id, then the check), and repeated until it is settled
PARSED = 64
_TX_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class CardanoTerms:
    """`rate` is the price of one ADA; `confirmations` counts the block that holds the payment as one."""

    network: str
    recipient: str
    rate: Money
    confirmations: int


class CardanoRail:
    """A `Rail`, paid in ADA."""

    id = "cardano"

    def __init__(self, terms: CardanoTerms, chain: Chain, clock: Clock) -> None:
        self._terms = terms
        self._chain = chain
        self._clock = clock

    def quote(self, price: Money) -> PaymentOption:
        ada = convert(price, self._terms.rate, ADA_DECIMALS, "ADA")
        return PaymentOption(
            id=self.id,
            amount=ada.amount,
            decimals=ADA_DECIMALS,
            currency="ADA",
            recipient=self._terms.recipient,
            network=self._terms.network,
        )

    def describe(self) -> dict[str, JSON]:
        return {
            "id": self.id,
            "network": self._terms.network,
            "currency": "ADA",
            "decimals": ADA_DECIMALS,
            "recipient": self._terms.recipient,
            "rate": str(self._terms.rate),
            "confirmations": self._terms.confirmations,
        }

    def external_id(self, evidence: Evidence) -> str:
        shown = _shown(evidence)
        return shown if isinstance(shown, str) else _parse(shown).id

    async def check(self, request: StoredRequest, evidence: Evidence) -> CheckedPayment:
        shown, option = _shown(evidence), request.request.option(evidence.option_id)
        if isinstance(shown, bytes) and self._clock() >= request.request.expires_at:
            raise PaymentRequestExpired
        if evidence.network != option.network:
            raise PaymentMismatch(f"The payment is on {evidence.network}; {option.network} was asked for.")
        try:
            if isinstance(shown, str):
                return await self._check_landed(shown, option, request.token)
            return await self._check_unbroadcast(shown, request, option)
        except ChainError as error:
            raise Unavailable("The chain cannot be asked at the moment; repeat the claim.") from error

    async def _check_landed(self, tx_hash: str, option: PaymentOption, token: str) -> CheckedPayment:
        inclusion = await self._chain.inclusion(tx_hash)
        raw = await self._chain.transaction(tx_hash) if inclusion is not None else None
        if inclusion is None or raw is None:
            raise PaymentPending("The transaction is not on chain yet.", transaction=tx_hash)
        transaction = _parse(raw)
        index, output = _paying_output(transaction, option, token)
        return _checked(transaction, index, output, paid_at=inclusion.time)

    async def _check_unbroadcast(
        self, raw: bytes, request: StoredRequest, option: PaymentOption
    ) -> CheckedPayment:
        transaction = _parse(raw)
        index, output = _paying_output(transaction, option, request.token)
        if transaction.unusual or transaction.mint:
            what = ", ".join((*transaction.unusual, *(["mint"] if transaction.mint else [])))
            raise PaymentMismatch(
                f"A payment holds inputs, outputs, fee, expiry and metadata alone; this one has: {what}."
            )
        tip = await self._chain.tip()
        # A slot is a second; the newest block is a little old, and what is left counts from now.
        last = tip.slot + max(0, request.request.expires_at - tip.time)
        if transaction.expiry_slot is None or transaction.expiry_slot > last:
            # Bytes that could land after the request has expired would be money without credits.
            raise PaymentMismatch(
                f"The transaction must expire by slot {last}, when the payment request does."
            )
        if transaction.expiry_slot <= tip.slot:
            raise PaymentMismatch("The transaction's expiry slot is past.")
        return _checked(transaction, index, output, paid_at=None, raw=raw)

    async def settle(self, payment: StoredPayment) -> RailOutcome:
        try:
            return await self._settle(payment)
        except ChainError:
            return Pending(0, self._terms.confirmations)  # not known: ask again

    async def _settle(self, payment: StoredPayment) -> RailOutcome:
        seen = await self._seen(payment.external_id)
        if seen is not None:
            return seen
        tip, state = await self._chain.tip(), CardanoState.read(payment.state)
        if self._is_over(payment, state.expiry_slot, tip):
            return Failed("the transaction left the chain, or expired before it reached a block")
        past = state.expiry_slot is not None and tip.slot > state.expiry_slot
        if state.transaction is None or past:
            return Pending(0, self._terms.confirmations)
        try:
            await self._chain.submit(state.transaction)
        except SubmitRefused as refusal:
            # "Inputs spent" may mean that it is in the mempool or landed just now, and so may any refusal after
            # a submit whose outcome is not known: only its expiry ends that.
            if payment.first and not any(word.lower() in refusal.reason.lower() for word in SPENT):
                return await self._seen(payment.external_id) or Failed(refusal.reason)
        except SubmitUnknown:
            pass
        return Pending(0, self._terms.confirmations)

    def _is_over(self, payment: StoredPayment, expiry_slot: int | None, tip: Tip) -> bool:
        """Whether no chain that we heed can hold it any more; for one that never expires, a day is enough."""
        if expiry_slot is None:
            return self._clock() > payment.claimed_at + NEVER_EXPIRES_SECONDS
        # Once a block past its expiry is as deep as we ask, no fork that we heed can still hold it.
        return tip.slot > expiry_slot + self._settling_slots

    async def _seen(self, tx_hash: str) -> RailOutcome | None:
        inclusion = await self._chain.inclusion(tx_hash)
        if inclusion is None:
            return None
        deep = confirmations(await self._chain.tip(), inclusion)
        if deep >= self._terms.confirmations:
            return Settled(inclusion.time, deep)
        return Pending(max(deep, 0), self._terms.confirmations)

    @property
    def _settling_slots(self) -> int:
        return SLOTS_PER_CONFIRMATION * self._terms.confirmations

    def receipt_metadata(self, payment: StoredPayment) -> dict[str, str]:
        return {"network": self._terms.network, "txHash": payment.external_id}

    async def aclose(self) -> None:
        await self._chain.aclose()


def _shown(evidence: Evidence) -> str | bytes:
    """The hash of a transaction that was sent, or the bytes of one that was not. Errors: ClaimInvalid."""
    tx_hash, raw = evidence.payload.get("txHash"), evidence.payload.get("transaction")
    if isinstance(raw, bytes) and tx_hash is None:
        return raw
    # One spelling alone: the hash is the id that is claimed once, and in capitals it would be another id.
    if isinstance(tx_hash, str) and raw is None and _TX_HASH.fullmatch(tx_hash):
        return tx_hash
    raise ClaimInvalid("The claim does not hold: it shows neither 64 hex digits as txHash nor a transaction.")


@lru_cache(maxsize=PARSED)
def _parse(raw: bytes) -> ParsedTransaction:
    try:
        return parse(raw)
    except TransactionError as error:
        raise ClaimInvalid(f"The transaction cannot be read: {error}.") from error


def _paying_output(transaction: ParsedTransaction, option: PaymentOption, token: str) -> tuple[int, Output]:
    """The output that pays. The PRT's hash ties the transaction to this request alone."""
    if not transaction.auxiliary_data_hash_ok or read_payment(transaction.metadata) != token_hash(token):
        raise PaymentMismatch(
            "The transaction's metadata does not carry the SHA-256 of this payment request token."
        )
    paying = [
        (n, output) for n, output in enumerate(transaction.outputs) if output.address == option.recipient
    ]
    if not paying:
        raise PaymentMismatch(f"The transaction pays nothing to {option.recipient}.")
    index, output = max(paying, key=lambda entry: entry[1].lovelace)
    if output.tokens:
        raise PaymentMismatch("The payment must be ADA alone; its output holds other assets.")
    return index, output


def _checked(
    transaction: ParsedTransaction,
    index: int,
    output: Output,
    *,
    paid_at: int | None,
    raw: bytes | None = None,
) -> CheckedPayment:
    return CheckedPayment(
        external_id=transaction.id,
        amount=output.lovelace,
        paid_at=paid_at,
        signers=frozenset(key.did for key in transaction.signers),
        state=CardanoState(raw, transaction.expiry_slot, index).document(),
    )
