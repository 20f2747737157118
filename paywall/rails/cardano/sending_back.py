"""ADA back to who paid it, from the seller's own address where its key is here.

The network's fee is taken from what is sent: to buy and to give back costs us nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from paywall.clock import Clock
from paywall.errors import Unavailable
from paywall.keys.signers.base import Signer
from paywall.rails.base import RailOutcome, RefundDraft, RefundImpossible, StoredPayment
from paywall.rails.cardano.option import LEAST_LOVELACE, CardanoTerms
from paywall.rails.cardano.rail import CardanoRail
from paywall.rails.cardano.state import CardanoState
from shared.cardano.addresses import InvalidAddressError, enterprise_address, payment_key_hash
from shared.cardano.coins import Shortage, Utxo
from shared.cardano.draft import Built, Draft
from shared.cardano.read.transaction import parse
from shared.chain.base import Chain, ChainError, confirmations

#: what the network may take of a refund
MOST_FEE = 1_000_000
#: seconds, and slots, that a draft may take to land; behind them it is drafted anew
VALID_SLOTS = 3600
#: lovelace by which a draft's fee may differ from the one that was taken off
SLACK = 10_000


class UnsafeRefund(Exception):
    """A draft that does something else than send the money back: never signed."""


class RefundingCardanoRail(CardanoRail):
    """The rail with the key of the address that it is paid at: `Refundable`."""

    least_refund = LEAST_LOVELACE + MOST_FEE

    def __init__(self, terms: CardanoTerms, chain: Chain, clock: Clock, signer: Signer) -> None:
        super().__init__(terms, chain, clock)
        self._signer = signer
        # Money that was sent back is watched until no fork undoes it.
        self._back = CardanoRail(replace(terms, confirmations=terms.final), chain, clock)
        assert terms.recipient == enterprise_address(signer.public, terms.network)

    async def draft_refund(
        self,
        payment: StoredPayment,
        amount: int,
        key: str,  # noqa: ARG002  the transaction has a name of its own
        held: frozenset[str],
    ) -> RefundDraft:
        try:
            payer = await self._payer(payment.external_id)
            utxos = await self._chain.utxos(self._terms.recipient)
            plain = [one for one in utxos if one.bare and not one.tokens and _name(one) not in held]
            built = await self._of_final(payer, amount, plain)
        except Shortage as error:
            raise Unavailable(
                f"The address {self._terms.recipient} has too little ADA to send back: {error}."
            ) from error
        except ChainError as error:
            raise Unavailable("The chain cannot be asked at the moment.") from error
        state = CardanoState(built.raw, built.expiry_slot, 0, tuple(one.reference for one in built.inputs))
        sent = parse(built.raw).outputs[0].lovelace
        return RefundDraft(built.id, sent, state.document(), frozenset(state.input_names))

    async def refund(self, draft: StoredPayment) -> RailOutcome:
        return await self._back.settle(draft)

    async def _payer(self, tx_hash: str) -> str:
        """Where the money came from. Errors: RefundImpossible, ChainError."""
        ends = await self._chain.ends(tx_hash)
        if ends is None:
            raise Unavailable("The chain service does not show the payment.")
        for _, address in sorted(ends.inputs.items()):
            try:
                key = payment_key_hash(address)
            except InvalidAddressError:
                continue
            if key is not None:
                return address
        raise RefundImpossible("the payment came from a script, which may not be able to take it back")

    async def _of_final(self, payer: str, amount: int, utxos: list[Utxo]) -> Built:
        """Of outputs that stand for good: over one that a fork takes, it would be on its way for ever.

        Errors: Shortage, ChainError, SignerUnavailable.
        """
        while True:
            built = await self._built(payer, amount, utxos)
            young = [one for one in built.inputs if not await self._stands(one.tx_hash)]
            if not young:
                return built
            utxos = [one for one in utxos if one not in young]

    async def _stands(self, tx_hash: str) -> bool:
        inclusion = await self._chain.inclusion(tx_hash)
        tip = await self._chain.tip()
        return inclusion is not None and confirmations(tip, inclusion) >= self._terms.final

    async def _built(self, payer: str, amount: int, utxos: list[Utxo]) -> Built:
        """Errors: Shortage, ChainError, SignerUnavailable."""
        parameters, tip = await self._chain.parameters(), await self._chain.tip()

        def drafted(lovelace: int) -> Draft:
            from shared.cardano.make.build import payment

            return payment(
                utxos=utxos,
                change_address=self._terms.recipient,
                recipient=payer,
                lovelace=lovelace,
                token_hash=None,
                parameters=parameters,
                expiry_slot=tip.slot + VALID_SLOTS,
                key=self._signer.public,
                network=self._terms.network,
            )

        draft = await asyncio.to_thread(_less_its_fee, drafted, amount)
        check_refund(draft, payer, self._terms.recipient, amount)
        return draft.sign(self._signer.public, await self._signer.sign(bytes.fromhex(draft.id)))


def _less_its_fee(drafted: Callable[[int], Draft], amount: int) -> Draft:
    return drafted(amount - drafted(amount).fee)


def check_refund(draft: Draft, payer: str, ours: str, amount: int) -> None:
    """Errors: UnsafeRefund, where a fault above would send anything else."""
    found = parse(draft.unsigned)
    back, *change = found.outputs
    if found.id != draft.id or found.mint or found.unusual or found.metadata:
        raise UnsafeRefund("it does more than to pay")
    if back.address != payer or back.tokens or not 0 < back.lovelace + found.fee <= amount + SLACK:
        raise UnsafeRefund("it does not send the amount back to its payer")
    if found.fee > MOST_FEE or any(output.address != ours for output in change):
        raise UnsafeRefund("what it leaves does not stay here")


def _name(utxo: Utxo) -> str:
    return f"{utxo.tx_hash}#{utxo.index}"
