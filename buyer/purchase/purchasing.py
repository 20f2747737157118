"""How a purchase goes: wanted → requested → signed → paid, from wherever an earlier run left it.

Nothing is paid twice: a payment's bytes are stored before anybody sees them, and the same bytes are claimed
again until there is a receipt, or until they can never land any more.
"""

import asyncio

from buyer.budget import Budget
from buyer.errors import OverBudget, PaymentRefused, SellerFault, StillPending
from buyer.payers.cardano import CardanoPayer
from buyer.purchase import receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.ordering import Ordering
from buyer.purchase.paying import Paying
from buyer.purchase.receipts import HeldReceipt
from buyer.purchase.store import Kind, Purchase
from buyer.seller.session import Session
from buyer.wallet import lease

PRODUCT = "image-credit"


class Purchasing:
    """Buys from one seller within one budget. `wait` (seconds) bounds each purchase as a whole."""

    def __init__(self, session: Session, budget: Budget, *, wait: float) -> None:
        self._session = session
        self._wallet = session.wallet
        self._budget = budget
        self._wait = wait
        self._ordering = Ordering(session, budget)

    async def buy(self, credit_count: int, run_id: str | None) -> HeldReceipt:
        """A receipt for that many credits; an interrupted purchase of as many is finished instead.

        Errors: OverBudget, PaymentRefused, SellerError, WalletError. After StillPending or SellerUnreachable
        the same call goes on from where this one stopped.
        """
        kind, context = Kind(self._session.origin, PRODUCT, credit_count), self._session.context
        work = lease.Work(self._wallet, f"the purchase of {kind}", context.now, self._session.new_id())
        async with lease.held(work, wait=self._wait, say=context.say):
            try:
                async with asyncio.timeout(self._wait):
                    return await self._run(kind, run_id)
            except TimeoutError as error:
                hint = "Nothing is lost: run the same command again, it goes on from there."
                raise StillPending(
                    "payment_pending", f"no receipt after {self._wait:.0f} s", hint=hint
                ) from error

    async def _run(self, kind: Kind, run_id: str | None) -> HeldReceipt:
        purchase = self._take_up(kind, run_id)
        if purchase.state != "wanted":
            self._session.context.say(f"taking up an interrupted purchase of {kind} ({purchase.state})")
        while purchase.state != "paid":
            purchase = await self._step(purchase, run_id)
        found = self._wallet.transact(lambda db: receipts.of_purchase(db, purchase.id))
        assert found is not None, "a paid purchase has its receipt: both are one commit"
        return found

    async def _step(self, purchase: Purchase, run_id: str | None) -> Purchase:
        if purchase.state == "signed":
            return await self._paying(await self._payer()).claim(purchase)
        if purchase.state == "abandoned":
            self._session.context.say(
                "an earlier payment can no longer land: its budget is free again, asking anew"
            )
            return self._take_up(purchase.kind, run_id)
        try:
            return (
                await self._ordering.request(purchase)
                if purchase.state == "wanted"
                else await self._pay(purchase)
            )
        except (OverBudget, SellerFault, PaymentRefused):
            # Nothing is signed: let it go, so that the next attempt is judged by itself.
            self._wallet.transact(lambda db: purchase_store.abandon(db, purchase))
            raise

    async def _pay(self, purchase: Purchase) -> Purchase:
        offer = await self._ordering.recheck(purchase)
        if offer is None:
            return self._wallet.transact(lambda db: purchase_store.forget_request(db, purchase))
        return await self._paying(await self._payer()).sign(purchase, offer)

    def _take_up(self, kind: Kind, run_id: str | None) -> Purchase:
        new_id, now = self._session.new_id(), self._session.context.now()
        return self._wallet.transact(
            lambda db: purchase_store.take_up(db, kind, new_id=new_id, run_id=run_id, now=now)
        )

    def _paying(self, payer: CardanoPayer) -> Paying:
        return Paying(self._session, self._budget, payer)

    async def _payer(self) -> CardanoPayer:
        key, network = self._wallet.key.public, self._wallet.network
        return CardanoPayer(await self._session.chain(), key, network, now=self._session.context.now)
