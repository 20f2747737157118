"""Purchases that stick after payment: shown to the seller again, or released by their owner."""

import asyncio

from buyer.budget import Budget
from buyer.errors import BuyerError, PaymentRefused, StillPending, UsageError
from buyer.paying import calls
from buyer.purchase import machine, receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.choice import AvailablePayers
from buyer.purchase.machine import Fate
from buyer.purchase.paying import Paying
from buyer.purchase.purchasing import purchase_work
from buyer.purchase.receipts import HeldReceipt
from buyer.purchase.record import Purchase
from buyer.redemptions import jobs
from buyer.seller.session import Session
from buyer.wallet import copies, lease


class Stuck:
    """Deals with purchases of one wallet at one seller. `wait` (seconds) bounds each call."""

    def __init__(self, session: Session, payers: AvailablePayers, *, wait: float) -> None:
        self._session = session
        self._wallet = session.wallet
        self._payers = payers
        self._wait = wait

    async def claim(self, purchase_id: str) -> HeldReceipt:
        """Show the seller the payment of a purchase until there is a receipt; nothing new is ever paid.

        Errors: UsageError `purchase_unsigned`; PaymentRefused `payment_dead` when it can never land; and those of
        a purchase.
        """
        purchase = self._wallet.transact(lambda db: purchase_store.find(db, purchase_id))
        async with lease.held(
            purchase_work(self._session, purchase.kind), wait=self._wait, say=self._session.context.say
        ):
            try:
                async with asyncio.timeout(self._wait):
                    return await self._claimed(purchase_id)
            except TimeoutError as error:
                message = f"no receipt after {self._wait:.0f} s for payment {purchase.external_id}"
                raise StillPending(
                    "payment_pending", message, hint="Nothing is lost; claim it again."
                ) from error

    async def release(self, purchase_id: str) -> Purchase:
        """Give a purchase up, so that the same may be bought anew.

        What was signed stays counted as spent, unless the chain says that it can never land any more. A paid one
        is released from the job that it was bought for, when that cannot be finished: the receipt stays.
        """
        kind = self._wallet.transact(lambda db: purchase_store.find(db, purchase_id)).kind
        async with lease.held(
            purchase_work(self._session, kind), wait=self._wait, say=self._session.context.say
        ):
            # As it is now that nobody else is at it. A copy may not know yet that it was paid elsewhere.
            self._wallet.transact(copies.check_no_copy)
            purchase = self._wallet.transact(lambda db: purchase_store.find(db, purchase_id))
            if purchase.state == "paid" and self._wallet.transact(lambda db: jobs.give_up(db, purchase_id)):
                return purchase
            if purchase.state in {"paid", "abandoned"}:
                raise UsageError(
                    "purchase_ended", f"the purchase {purchase.id} has ended: it is {purchase.state}"
                )
            if purchase.state in {"wanted", "requested"} or await self._is_dead(purchase):
                return self._wallet.transact(lambda db: purchase_store.abandon(db, purchase))
            if purchase.state == "released":
                return purchase
            return self._wallet.transact(lambda db: purchase_store.release(db, purchase))

    async def _claimed(self, purchase_id: str) -> HeldReceipt:
        purchase = self._wallet.transact(lambda db: purchase_store.find(db, purchase_id))
        if self._wallet.transact(lambda db: calls.header(db, purchase_id)) is not None:
            hint = "The same `buyer pay` again shows the seller the same payment."
            raise UsageError("purchase_of_a_call", "that was paid for in the call itself", hint=hint)
        if purchase.state in {"wanted", "requested"}:
            message = f"nothing was paid yet for {purchase.kind}"
            raise UsageError("purchase_unsigned", message, hint="Buying as many takes it up.")
        assert purchase.price is not None
        paying = Paying(self._session, Budget(purchase.price), self._payers)
        while purchase.state in {"signed", "released"}:
            purchase = await paying.claim(purchase)
        found = self._wallet.transact(lambda db: receipts.of_purchase(db, purchase_id))
        if found is None:
            message = f"the payment {purchase.external_id} can never land any more"
            price = "stays counted as spent" if purchase.counted else "is free again"
            raise PaymentRefused("payment_dead", message, hint=f"Its price {price}. Buy anew: buyer buy")
        return found

    async def _is_dead(self, purchase: Purchase) -> bool:
        assert purchase.expires_at is not None
        now = self._session.context.now()
        fate = await self._fate(purchase)
        return machine.refusal(fate, expires_at=purchase.expires_at, now=now) == "dead"

    async def _fate(self, purchase: Purchase) -> Fate:
        """`possible` when nobody can tell, because seller or chain are gone: that is why it is released."""
        try:
            payer = await self._payers.named(purchase.payer or "")
            return "possible" if payer is None else await payer.fate(purchase.draft)
        except BuyerError:
            return "possible"
