"""Drives a purchase: asks the machine what is next, does that one thing, stores what came of it, and repeats.

Nothing is paid twice: a payment's evidence is stored before anybody sees it, and the same evidence is claimed
again until there is a receipt, or until the payment can never land any more.
"""

import asyncio

from buyer.budget import Budget
from buyer.errors import OverBudget, PaymentRefused, SellerFault, StillPending
from buyer.payers.base import PaymentTerms
from buyer.purchase import machine, receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.choice import AvailablePayers
from buyer.purchase.machine import PurchaseAction
from buyer.purchase.ordering import Ordering
from buyer.purchase.paying import Paying
from buyer.purchase.receipts import HeldReceipt
from buyer.purchase.record import Purchase, PurchaseKind, RehearsedPurchase
from buyer.seller.session import Session
from buyer.wallet import lease, recovering
from shared.money import Money


class Purchasing:
    """Buys from one seller within one budget. `wait` (seconds) bounds each purchase as a whole."""

    def __init__(self, session: Session, budget: Budget, payers: AvailablePayers, *, wait: float) -> None:
        self._session = session
        self._wallet = session.wallet
        self._wait = wait
        self._ordering = Ordering(session, budget, payers)
        self._paying = Paying(session, budget, payers)

    async def buy(self, product: str, credit_count: int, job_id: str | None) -> HeldReceipt:
        """A receipt for that many credits; an interrupted purchase of as many is finished instead.

        Errors: OverBudget, PaymentRefused, SellerError, WalletError. After StillPending or SellerUnreachable
        the same call goes on from where this one stopped.
        """
        kind, context = PurchaseKind(self._session.origin, product, credit_count), self._session.context
        async with lease.held(purchase_work(self._session, kind), wait=self._wait, say=context.say):
            try:
                async with asyncio.timeout(self._wait):
                    return await self._drive(kind, job_id)
            except TimeoutError as error:
                hint = "Nothing is lost: run the same command again, it goes on from there."
                raise StillPending(
                    "payment_pending", f"no receipt after {self._wait:.0f} s", hint=hint
                ) from error

    async def rehearse(self, product: str, credit_count: int) -> RehearsedPurchase:
        """What `buy` would do now; the seller is asked for an offer, and nothing is signed or stored.

        Errors: as those of `buy`, before anything is signed; the owner's approval is no error here.
        """
        kind = PurchaseKind(self._session.origin, product, credit_count)
        purchase = self._wallet.transact(lambda db: purchase_store.find_open(db, kind))
        if purchase is not None and purchase.state == "signed" and purchase.price is not None:
            return RehearsedPurchase(kind, purchase.price, None, None, None, needs_approval=False)
        token, request, chosen = await self._ordering.rehearse(kind)
        option, payer = chosen.option, chosen.payer
        taken = self._wallet.transact(lambda db: purchase_store.taken_resources(db, payer.id))
        await payer.prepare(option, PaymentTerms(token, request.expires_at), taken=taken)
        return RehearsedPurchase(
            kind,
            request.price,
            Money(option.amount, option.currency, option.decimals),
            option.recipient,
            option.network,
            needs_approval=self._session.limits.needs_approval(chosen.cost.money),
        )

    async def _drive(self, kind: PurchaseKind, job_id: str | None) -> HeldReceipt:
        await recovering.look(self._session)
        purchase = self._open(kind, job_id)
        if purchase.state != "wanted":
            self._session.context.say(f"taking up an interrupted purchase of {kind} ({purchase.state})")
        while (action := self._next(purchase)) != "finish":
            try:
                purchase = await self._do(action, purchase, job_id)
            except (OverBudget, SellerFault, PaymentRefused):
                if action != "claim":
                    # Nothing is signed: let it go, so that the next attempt is judged by itself.
                    self._abandon(purchase)
                raise
        found = self._wallet.transact(lambda db: receipts.of_purchase(db, purchase.id))
        assert found is not None, "a paid purchase has its receipt: both are one commit"
        return found

    def _next(self, purchase: Purchase) -> PurchaseAction:
        return machine.next_action(
            purchase.state, expires_at=purchase.expires_at, now=self._session.context.now()
        )

    async def _do(self, action: PurchaseAction, purchase: Purchase, job_id: str | None) -> Purchase:
        match action:
            case "order":
                return await self._ordering.request(purchase)
            case "forget":
                return self._wallet.transact(lambda db: purchase_store.forget_request(db, purchase))
            case "pay":
                return await self._paying.sign(purchase, *await self._ordering.recheck(purchase))
            case "claim":
                return await self._paying.claim(purchase)
            case "renew":
                self._session.context.say("asking anew")
                return self._open(purchase.kind, job_id)
            case "finish":
                return purchase

    def _open(self, kind: PurchaseKind, job_id: str | None) -> Purchase:
        new_id, now = self._session.new_id(), self._session.context.now()
        return self._wallet.transact(
            lambda db: purchase_store.open_purchase(db, kind, new_id=new_id, job_id=job_id, now=now)
        )

    def _abandon(self, purchase: Purchase) -> None:
        self._wallet.transact(lambda db: purchase_store.abandon(db, purchase))


def purchase_work(session: Session, kind: PurchaseKind) -> lease.Work:
    """The work on the open purchase of that kind, which one process at a time does."""
    name, about = f"the purchase of {kind.in_full()}", f"the purchase of {kind}"
    return lease.Work(session.wallet, name, session.context.now, session.new_id(), about)
