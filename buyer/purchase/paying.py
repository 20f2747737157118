"""Signing a payment and claiming it: the steps of a purchase that cost money, each safe to repeat."""

import asyncio
from typing import NoReturn

from buyer.budget import Budget
from buyer.errors import PaymentRefused, SellerFault, WalletError, clean
from buyer.payers.base import Payer, PaymentDraft, PaymentTerms
from buyer.purchase import receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.store import Purchase
from buyer.seller import trace
from buyer.seller.checks import AcceptedOffer
from buyer.seller.http import Reply, describe
from buyer.seller.session import Session
from shared.dialects import ack
from shared.dialects.base import Evidence
from shared.money import Money
from shared.tokens import receipt
from shared.tokens.jws import TokenError
from shared.tokens.receipt import Receipt

PAYMENTS_PATH = "/api/payments"
POLL_SECONDS = 1.0
ACCEPTED = 202
PENDING = "payment_pending"


class Paying:
    def __init__(self, session: Session, budget: Budget, payer: Payer) -> None:
        self._session = session
        self._wallet = session.wallet
        self._budget = budget
        self._payer = payer
        self._say = session.context.say

    async def sign(self, purchase: Purchase, offer: AcceptedOffer) -> Purchase:
        """requested → signed: within the budget, from outputs that no other payment of this wallet uses."""
        terms = PaymentTerms(offer.token, offer.option, offer.request.expires_at)
        while True:
            draft = await self._draft(purchase, terms)
            try:
                signed = self._debit(purchase, draft)
            except WalletError as error:
                if error.code != "outputs_taken":
                    raise
                continue
            amount = Money(offer.option.amount, offer.option.currency, offer.option.decimals)
            self._say(f"pay {amount} to {offer.option.recipient}, transaction {draft.tx_hash}")
            return signed

    async def claim(self, purchase: Purchase) -> Purchase:
        """signed → paid, or abandoned when the bytes can never land; asks until the seller says which."""
        while True:
            body = {"payload": self._claim_token(purchase)}
            reply = await self._session.http.send("POST", PAYMENTS_PATH, body=body, explain=trace.settled)
            if reply.ok:
                return await self._accept(purchase, reply)
            if reply.status == ACCEPTED:
                self._say(_progress(reply))
            elif reply.problem().code != PENDING:
                if await self._can_never_land(purchase, reply):
                    self._wallet.transact(lambda db: purchase_store.abandon(db, purchase))
                    return self._wallet.transact(lambda db: purchase_store.find(db, purchase.id))
                self._refuse(purchase, reply)
            await asyncio.sleep(POLL_SECONDS if reply.retry_after is None else reply.retry_after)

    def _debit(self, purchase: Purchase, draft: PaymentDraft) -> Purchase:
        key = self._wallet.key
        return self._wallet.transact(lambda db: purchase_store.debit(db, purchase, self._budget, draft, key))

    async def _draft(self, purchase: Purchase, terms: PaymentTerms) -> PaymentDraft:
        """Wait for change that is still under way when the wallet lacks nothing else."""
        while True:
            taken = self._wallet.transact(purchase_store.spent_outputs)
            try:
                return await self._payer.draft(terms, taken=taken)
            except PaymentRefused as error:
                waiting = self._wallet.transact(lambda db: purchase_store.others_in_flight(db, purchase.id))
                if (
                    error.code != "funds_short"
                    or not waiting
                    or self._session.context.now() >= terms.deadline
                ):
                    raise
                self._say("the wallet's ADA is in another payment; waiting for its change")
                await asyncio.sleep(POLL_SECONDS)

    def _claim_token(self, purchase: Purchase) -> str:
        assert purchase.payment_request_token is not None
        assert purchase.option_id is not None
        assert purchase.tx_bytes is not None
        evidence = Evidence(
            payment_request_token=purchase.payment_request_token,
            option_id=purchase.option_id,
            payer=self._wallet.did,
            network=self._wallet.network,
            payload={"transaction": purchase.tx_bytes},
        )
        return ack.claim_token(evidence, self._wallet.key, now=self._session.context.now())

    async def _accept(self, purchase: Purchase, reply: Reply) -> Purchase:
        token = reply.json().get("receipt")
        if not isinstance(token, str):
            raise SellerFault(
                "receipt_missing", f"the seller took the payment {purchase.tx_hash} and sent no receipt"
            )
        found = await self._check_receipt(purchase, token)
        self._wallet.transact(lambda db: receipts.store(db, purchase, found, token))
        return self._wallet.transact(lambda db: purchase_store.find(db, purchase.id))

    async def _check_receipt(self, purchase: Purchase, token: str) -> Receipt:
        """A receipt that does not hold buys nothing: the purchase stays signed, and may be claimed again."""
        seller, key = await self._session.seller(), self._wallet.key.public
        hint = f"The payment is transaction {purchase.tx_hash}. Show it to the seller; no more will be paid."
        try:
            found = receipt.verify(token, {seller.did: seller.keys}, now=self._session.context.now())
        except TokenError as error:
            raise SellerFault(
                "receipt_invalid", f"the receipt does not hold: {clean(error)}", hint=hint
            ) from error
        ours = (found.payer, found.holder_thumbprint) == (key.did, key.thumbprint)
        bought = (found.payment_request_token, found.payment_option_id)
        if not ours or bought != (purchase.payment_request_token, purchase.option_id):
            raise SellerFault(
                "receipt_foreign", "the receipt is for another payment or another holder", hint=hint
            )
        return found

    async def _can_never_land(self, purchase: Purchase, reply: Reply) -> bool:
        """Whether the price may be given back: the request has expired and its bytes are dead."""
        assert purchase.tx_hash is not None
        assert purchase.expiry_slot is not None
        assert purchase.expires_at is not None
        fate = await self._payer.fate(purchase.tx_hash, purchase.expiry_slot)
        if fate == "landed":
            raise SellerFault(
                "paid_without_receipt",
                f"the seller has payment {purchase.tx_hash} but: {describe(reply.problem())}",
                hint="Show the seller that transaction. It is not paid again from this wallet.",
            )
        return fate == "impossible" and self._session.context.now() >= purchase.expires_at

    def _refuse(self, purchase: Purchase, reply: Reply) -> NoReturn:
        raise PaymentRefused(
            clean(reply.problem().code),
            f"the seller refused the payment: {describe(reply.problem())}",
            hint=f"Nothing has left the wallet. The price stays set aside until slot {purchase.expiry_slot},"
            " because the signed transaction could land until then; the same command looks again.",
        )


def _progress(reply: Reply) -> str:
    told = reply.json()
    return (
        f"settling: {clean(told.get('confirmations', 0))} of {clean(told.get('required', '?'))} confirmations"
    )
