"""Paying in ADA: a signed transaction that nobody has broadcast, good for one payment request alone."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import cached_property
from typing import Any

from buyer.errors import PaymentRefused, SellerFault, WalletError, no_chain
from buyer.payers.base import Cost, Fate, PayerContext, PaymentDraft, PaymentTerms
from buyer.rates import ada_price, own_ada_price, value
from shared.cardano.addresses import InvalidAddressError, check_address, enterprise_address
from shared.cardano.coins import Shortage
from shared.cardano.draft import Draft
from shared.cardano.network import DEVNET, NETWORKS
from shared.cardano.read.guard import ExpectedPayment, guard_payment
from shared.chain.base import Chain, ChainError
from shared.chain.depth import is_past
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.money import Money, MoneyError, convert
from shared.tokens.prt import PaymentOption

PAYS_ON, PAYS_IN = tuple(NETWORKS), ("ADA",)
LONGEST_LIFE = 3600
_NO_WITNESSES = b"\xa0"  # the witness set of a payment before it is signed: an empty map
MAX_FEE = 2_000_000
RATE_TOLERANCE_PERCENT = 2
# A fork that takes back fewer blocks than this is heeded: it could still hold a payment that is not on our chain.
DEPTH = 20
DEVNET_DEPTH = 3


def open_payer(context: PayerContext) -> "CardanoPayer":
    """Pays from the wallet's own address; BUYER_ADA_USD is the rate that it judges by."""
    network, theirs = context.network, context.rates.get(context.network)
    return CardanoPayer(
        context.chain,
        context.key,
        network,
        ada_price=lambda: ada_price(
            theirs if network == DEVNET else None, own_ada_price(context.environment), context.limits
        ),
        now=context.now,
        believes_chain=context.believes_chain,
    )


class CardanoPayer:
    """Pays from the enterprise address of one key, as far as a chain service shows what it holds.

    `ada_price` tells the price of one ADA that options are judged by. `believes_chain` False: the chain is the
    seller's, and a payment that it calls dead may still land.
    """

    id = "cardano"

    def __init__(
        self,
        chain: Callable[[], Awaitable[Chain]],
        key: SigningKey,
        network: str,
        *,
        ada_price: Callable[[], Money],
        now: Callable[[], int],
        believes_chain: bool = True,
    ) -> None:
        self._chain = chain
        self._key = key
        self._network = network
        self._ada_price = ada_price
        self._now = now
        self._believes_chain = believes_chain

    @cached_property
    def address(self) -> str:
        return enterprise_address(self._key.public, self._network)

    def pays(self, option: PaymentOption) -> bool:
        """See the port."""
        return option.network == self._network

    def judge(self, option: PaymentOption, price: Money) -> Cost:
        """See the port. A little more than the price is the difference of two rates, and not counted."""
        if (option.currency, option.decimals) != ("ADA", 6):
            # An amount read with other decimals is a thousand times another amount.
            said = {"currency": option.currency, "decimals": option.decimals}
            message = f"{self._network} is paid in ADA with 6 decimals, and the payment option says otherwise"
            raise SellerFault("unit_confused", message, seller_says=said)
        try:
            check_address(option.recipient, self._network)
        except InvalidAddressError as error:
            said = {"recipient": option.recipient}
            message = f"the recipient is no address of {self._network}"
            raise SellerFault("recipient_invalid", message, seller_says=said) from error
        try:
            fair = convert(price, self._ada_price(), 6, "ADA")
        except MoneyError as error:
            raise SellerFault("rate_invalid", f"the price cannot be converted: {error}") from error
        percent = 100 + (RATE_TOLERANCE_PERCENT if self._network != DEVNET else 0)
        if option.amount * 100 > fair.amount * percent:
            asked = Money(option.amount, "ADA", 6)
            raise SellerFault(
                "amount_inflated", f"{price} are {fair}, and the payment option asks for {asked}"
            )
        return Cost(price)

    def worth(self, option: PaymentOption) -> Money:
        """See the port."""
        try:
            return value(option.amount, self._ada_price(), 6)
        except MoneyError as error:
            raise SellerFault("price_absurd", "the amount that is asked for is absurd") from error

    async def prepare(
        self, option: PaymentOption, terms: PaymentTerms, *, taken: Collection[str]
    ) -> PaymentDraft:
        """See the port. The outputs in `taken` may be spent already, whatever a lagging index says."""
        try:
            chain = await self._chain()
            tip, parameters = await chain.tip(), await chain.parameters()
            utxos = [utxo for utxo in await chain.utxos(self.address) if _name(utxo.reference) not in taken]
        except ChainError as error:
            raise no_chain(error) from error
        life = min(terms.deadline - self._now(), LONGEST_LIFE)
        try:
            drafted = await asyncio.to_thread(
                _payment,
                utxos=utxos,
                change_address=self.address,
                recipient=option.recipient,
                lovelace=option.amount,
                token_hash=terms.commitment,
                parameters=parameters,
                # A quarter to spare: clocks differ, and the newest block is a little old.
                expiry_slot=tip.slot + life * 3 // 4,
                key=self._key.public,
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
        self._look_at(drafted, ExpectedPayment(option.recipient, option.amount, terms.commitment))
        return _stored(drafted, option, terms)

    def _look_at(self, drafted: Draft, wanted: ExpectedPayment) -> None:
        """Read the bytes before they can be signed: whatever made them may be wrong or have been taken over."""
        try:
            guard_payment(drafted.unsigned, wanted, self.address, MAX_FEE)
        except ValueError as error:
            raise WalletError(
                "payment_unsafe", f"a payment was drafted wrongly and is not signed: {error}"
            ) from error

    def sign(self, draft: PaymentDraft) -> Evidence:
        """See the port. The same draft gives the same bytes: Ed25519 signs without chance."""
        document = draft.document
        auxiliary = document["auxiliary"]
        unsigned = Draft(
            body_bytes=bytes.fromhex(document["body"]),
            fee=document["fee"],
            inputs=(),
            change=(),
            expiry_slot=document["expiry_slot"],
            key=self._key.public,
            witnesses=_NO_WITNESSES,
            auxiliary=None if auxiliary is None else bytes.fromhex(auxiliary),
        )
        signature = self._key.sign(bytes.fromhex(unsigned.id))
        return Evidence(
            payment_request_token=draft.payment_request_token,
            option_id=draft.option_id,
            payer=self._key.public.did,
            network=self._network,
            payload={"transaction": unsigned.sign(self._key.public, signature).raw},
        )

    async def fate(self, draft: PaymentDraft) -> Fate:
        """See the port."""
        try:
            chain = await self._chain()
            # The tip first: what is not on chain after it was read, was not there at its slot either.
            tip = await chain.tip()
            if await chain.inclusion(draft.external_id) is not None:
                return "landed"
            depth = DEVNET_DEPTH if self._network == DEVNET else DEPTH
            if not await is_past(chain, tip, draft.document["expiry_slot"], depth):
                return "possible"
        except ChainError as error:
            raise no_chain(error) from error
        return "impossible" if self._believes_chain else "denied"

    def _short(self, shortage: Shortage) -> PaymentRefused:
        missing = Money(max(shortage.lovelace, 0), "ADA", 6)
        fund = "Fill it: buyer wallet fund" if self._network == DEVNET else f"Send ADA to {self.address}"
        message = f"the wallet lacks {missing} ({shortage})"
        return PaymentRefused("funds_short", message, hint=f"Nothing was paid. {fund}")


def _payment(**asked: Any) -> Draft:
    """In a thread: pycardano's import takes 0.7 s, a draft some milliseconds."""
    from shared.cardano.make.build import payment

    return payment(**asked)


def _stored(drafted: Draft, option: PaymentOption, terms: PaymentTerms) -> PaymentDraft:
    return PaymentDraft(
        payment_request_token=terms.token,
        option_id=option.id,
        external_id=drafted.id,
        resources=tuple(_name(utxo.reference) for utxo in drafted.inputs),
        document={
            "body": drafted.body_bytes.hex(),
            "auxiliary": None if drafted.auxiliary is None else drafted.auxiliary.hex(),
            "fee": drafted.fee,
            "expiry_slot": drafted.expiry_slot,
        },
    )


def _name(reference: tuple[str, int]) -> str:
    """An output as the wallet notes it: `hash#position`."""
    tx_hash, position = reference
    return f"{tx_hash}#{position}"
