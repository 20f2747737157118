"""Paying in ADA: a signed transaction that nobody has broadcast, good for one payment request alone."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from buyer.errors import PaymentRefused, SellerFault, SellerUnreachable
from buyer.payers.base import Fate, PaymentTerms
from buyer.seller.checks import DEVNET
from shared.cardano.addresses import enterprise_address
from shared.cardano.coins import Shortage
from shared.cardano.draft import Draft as ChainDraft
from shared.chain.base import Chain, ChainError
from shared.keys import PublicKey, SigningKey
from shared.money import Money
from shared.tokens.prt import token_hash

LONGEST_LIFE = 3600
MAX_FEE = 2_000_000
# Slots after the expiry in which a fork that we heed could still hold the payment.
SETTLING_SLOTS = 800
DEVNET_SETTLING_SLOTS = 3


@dataclass(frozen=True, slots=True)
class CardanoDraft:
    """A draft that the wallet's key signs."""

    inner: ChainDraft

    @property
    def tx_hash(self) -> str:
        return self.inner.id

    @property
    def inputs(self) -> tuple[tuple[str, int], ...]:
        return tuple(utxo.reference for utxo in self.inner.inputs)

    @property
    def expiry_slot(self) -> int:
        return self.inner.expiry_slot

    def sign(self, key: SigningKey) -> bytes:
        return self.inner.sign(key.public, key.sign(bytes.fromhex(self.tx_hash))).raw


class CardanoPayer:
    """Pays from the enterprise address of one key, as far as a chain service shows what it holds."""

    def __init__(self, chain: Chain, key: PublicKey, network: str, *, now: Callable[[], int]) -> None:
        self._chain = chain
        self._key = key
        self._network = network
        self._now = now
        self.address = enterprise_address(key, network)

    async def draft(self, terms: PaymentTerms, *, taken: Collection[tuple[str, int]]) -> CardanoDraft:
        """See the port. The outputs in `taken` may be spent already, whatever a lagging index says."""
        try:
            tip = await self._chain.tip()
            parameters = await self._chain.parameters()
            utxos = [utxo for utxo in await self._chain.utxos(self.address) if utxo.reference not in taken]
        except ChainError as error:
            raise _no_chain(error) from error
        life = min(terms.deadline - self._now(), LONGEST_LIFE)
        try:
            drafted = await asyncio.to_thread(
                _payment,
                utxos=utxos,
                change_address=self.address,
                recipient=terms.option.recipient,
                lovelace=terms.option.amount,
                token_hash=token_hash(terms.token),
                parameters=parameters,
                # A quarter to spare: clocks differ, and the newest block is a little old.
                expiry_slot=tip.slot + life * 3 // 4,
                key=self._key,
                network=self._network,
            )
        except Shortage as shortage:
            raise self._short(shortage) from shortage
        except ValueError as error:
            raise SellerFault("payment_impossible", f"the payment option cannot be paid: {error}") from error
        if drafted.fee > MAX_FEE:
            raise SellerFault(
                "fee_absurd", f"the chain service's parameters ask a fee of {drafted.fee} lovelace"
            )
        return CardanoDraft(drafted)

    async def fate(self, tx_hash: str, expiry_slot: int) -> Fate:
        """See the port."""
        try:
            # The tip first: what is not on chain after it was read, was not there at its slot either.
            tip = await self._chain.tip()
            if await self._chain.inclusion(tx_hash) is not None:
                return "landed"
        except ChainError as error:
            raise _no_chain(error) from error
        settling = DEVNET_SETTLING_SLOTS if self._network == DEVNET else SETTLING_SLOTS
        return "impossible" if tip.slot > expiry_slot + settling else "possible"

    async def aclose(self) -> None:
        await self._chain.aclose()

    def _short(self, shortage: Shortage) -> PaymentRefused:
        missing = Money(max(shortage.lovelace, 0), "ADA", 6)
        fund = "Fill it: buyer wallet fund" if self._network == DEVNET else f"Send ADA to {self.address}"
        message = f"the wallet lacks {missing} ({shortage})"
        return PaymentRefused("funds_short", message, hint=f"Nothing was paid. {fund}")


def _payment(**asked: Any) -> ChainDraft:
    """In a thread: pycardano's import takes 0.7 s, a draft some milliseconds."""
    from shared.cardano.make.build import payment

    return payment(**asked)


def _no_chain(error: ChainError) -> SellerUnreachable:
    hint = "What was begun is kept; run the same command again."
    return SellerUnreachable("chain_unreachable", f"the chain service does not answer: {error}", hint=hint)
