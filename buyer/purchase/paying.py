"""Signing a payment and claiming it: the steps of a purchase that cost money, each safe to repeat."""

import asyncio
from collections.abc import Awaitable, Callable

from buyer.budget import Budget
from buyer.errors import PaymentRefused, SellerFault, WalletError
from buyer.payers.base import PaymentDraft, PaymentTerms
from buyer.purchase import machine, promises, receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.choice import AvailablePayers, ChosenOption
from buyer.purchase.machine import Fate
from buyer.purchase.record import Purchase
from buyer.purchase.submission.submitting import Submitting
from buyer.seller import dialect, trace
from buyer.seller.http import Reply
from buyer.seller.patience import LONGEST_POLL, Backoff, asked_while_gone
from buyer.seller.session import Session
from shared.money import Money
from shared.tokens import receipt
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentRequest
from shared.tokens.receipt import Receipt

POLL_SECONDS = 1.0
TakesReceipt = Callable[[Purchase, str], Awaitable[Purchase]]


class Paying:
    """Brings a purchase from requested to paid, or to the certainty that it never will be."""

    def __init__(
        self,
        session: Session,
        budget: Budget,
        payers: AvailablePayers,
        *,
        take: TakesReceipt | None = None,
        place: str = dialect.PAYMENTS_PATH,
    ) -> None:
        """`take` checks and keeps a receipt, by default as credits of the wallet; claims go to `place`, a path."""
        self._session = session
        self._wallet = session.wallet
        self._budget = budget
        self._payers = payers
        self._say = session.context.say
        self._submitting = Submitting(session, payers)
        self._polls = Backoff(POLL_SECONDS, LONGEST_POLL)
        self._take = take or self._keep
        self._place = place

    async def sign(self, purchase: Purchase, request: PaymentRequest, chosen: ChosenOption) -> Purchase:
        """requested → signed: within the budget, from what no other payment of this wallet uses."""
        assert purchase.payment_request_token is not None
        terms = PaymentTerms(purchase.payment_request_token, request.expires_at)
        while True:
            draft = await self._draft(purchase, chosen, terms)
            try:
                signed = self._debit(purchase, chosen, draft)
            except WalletError as error:
                if error.code != "resources_taken":
                    raise
                continue
            option = chosen.option
            amount = Money(option.amount, option.currency, option.decimals)
            self._say(f"pay {amount} to {option.recipient}, payment {draft.external_id}")
            return signed

    async def claim(self, purchase: Purchase) -> Purchase:
        """signed → paid, abandoned when the payment can never land, or signed as before: one claim, one answer.

        A payer that moves the money itself is told to before that, once.
        """
        purchase = await self._submitting.bring(purchase)
        if purchase.state == "abandoned":
            return purchase
        body = dialect.payment(purchase.evidence, self._wallet.key, now=self._session.context.now())
        reply = await asked_while_gone(
            lambda: self._session.http.send("POST", self._place, body=body, explain=trace.settled),
            self._say,
        )
        if reply.ok:
            return await self._accept(purchase, reply)
        if not dialect.settling(reply):
            return await self._after_refusal(purchase, reply)
        if words := dialect.progress(reply):
            self._say(words)
        await asyncio.sleep(self._polls.pause(reply.retry_after))
        return purchase

    def _debit(self, purchase: Purchase, chosen: ChosenOption, draft: PaymentDraft) -> Purchase:
        now = self._session.context.now()
        return self._wallet.transact(
            lambda db: purchase_store.debit(
                db,
                purchase,
                draft,
                budget=self._budget,
                cost=chosen.cost,
                payer=chosen.payer,
                option=chosen.option,
                now=now,
            )
        )

    async def _draft(self, purchase: Purchase, chosen: ChosenOption, terms: PaymentTerms) -> PaymentDraft:
        """Wait for change that is still under way when the wallet lacks nothing else."""
        payer = chosen.payer
        while True:
            taken = self._wallet.transact(lambda db: purchase_store.taken_resources(db, payer.id))
            try:
                return await payer.prepare(chosen.option, terms, taken=taken)
            except PaymentRefused as error:
                waiting = self._wallet.transact(
                    lambda db: purchase_store.others_in_flight(db, purchase.id, payer.id)
                )
                late = self._session.context.now() >= terms.deadline
                if error.code != "funds_short" or not waiting or late:
                    raise
                self._say("the wallet's money is in another payment; waiting for its change")
                await asyncio.sleep(POLL_SECONDS)

    async def _accept(self, purchase: Purchase, reply: Reply) -> Purchase:
        token = dialect.receipt(reply)
        if token is None:
            raise SellerFault(
                "receipt_missing", f"the seller took the payment {purchase.external_id} and sent no receipt"
            )
        return await self._take(purchase, token)

    async def _keep(self, purchase: Purchase, token: str) -> Purchase:
        found = await self._check_receipt(purchase, token)
        held = self._wallet.transact(lambda db: receipts.store(db, purchase, found, token))
        promised = (await self._session.seller()).catalog.validity.get(purchase.kind.product)
        short = promises.of_validity(held, promised, bought_at=purchase.created_at)
        self._session.note([] if short is None else [short])
        return self._wallet.transact(lambda db: purchase_store.find(db, purchase.id))

    async def _check_receipt(self, purchase: Purchase, token: str) -> Receipt:
        """A receipt that does not hold buys nothing: the purchase stays signed, and may be claimed again."""
        seller, key = await self._session.seller(), self._wallet.key.public
        hint = f"The payment is {purchase.external_id}. Show it to the seller; no more will be paid."
        try:
            found = receipt.verify(token, {seller.did: seller.keys}, now=self._session.context.now())
        except TokenError as error:
            raise SellerFault("receipt_invalid", f"the receipt does not hold: {error}", hint=hint) from error
        ours = (found.payer, found.holder_thumbprint) == (key.did, key.thumbprint)
        bought = (found.payment_request_token, found.payment_option_id)
        if not ours or bought != (purchase.payment_request_token, purchase.option_id):
            raise SellerFault(
                "receipt_foreign", "the receipt is for another payment or another holder", hint=hint
            )
        return found

    async def _after_refusal(self, purchase: Purchase, reply: Reply) -> Purchase:
        """Abandoned when the price may be given back; otherwise the seller's no is the caller's to hear."""
        assert purchase.expires_at is not None
        now, problem = self._session.context.now(), reply.problem()
        event = machine.refusal(await self._fate(purchase), expires_at=purchase.expires_at, now=now)
        if event in {"dead", "denied"}:
            return self._give_up(purchase, given_back=event == "dead")
        if event == "unanswered":
            raise SellerFault(
                "paid_without_receipt",
                f"the seller has payment {purchase.external_id} and gives no receipt",
                hint=f"Show it to the seller: buyer purchases claim {purchase.id}. It is not paid again.",
                seller_says=problem,
            )
        raise PaymentRefused(
            "payment_refused",
            "the seller refused the payment",
            seller_says=problem,
            hint="Nothing has left the wallet. The price stays set aside as long as the signed payment"
            " could still land; the same command looks again.",
        )

    def _give_up(self, purchase: Purchase, *, given_back: bool) -> Purchase:
        budget = (
            "its budget is free again"
            if given_back
            else "it stays spent, for only the seller's own chain says so"
        )
        self._say(f"payment {purchase.external_id} can no longer land: {budget}")
        return self._wallet.transact(lambda db: purchase_store.abandon(db, purchase, given_back=given_back))

    async def _fate(self, purchase: Purchase) -> Fate:
        """`possible` too when nobody can tell, because the payer that signed is not given any more."""
        payer = await self._payers.named(purchase.payer or "")
        return "possible" if payer is None else await payer.fate(purchase.draft)
