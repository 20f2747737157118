"""Settled payments are looked at until nothing can undo them; what was undone for good revokes its credits.

    network:     rail.watch
    transaction: payment → reversed, request → reversed, what is left of the credits → revoked, wherever they were given

Used credits cannot be taken back: they are our loss, and `paywall reconcile` says so. What is reserved just now
is either used, or revoked when it is released.

What was undone is looked at as well: a fork that took it can be undone itself, and then its money is here. Once that
is final the credits are given back.
"""

import logging
from collections.abc import Sequence
from functools import partial

from paywall.clock import Clock
from paywall.credits.accounts import account_of
from paywall.database.engine import Database, Transaction
from paywall.gifts import store as gift_store
from paywall.ops.failpoints import failpoint
from paywall.payments import store
from paywall.payments.reversing import watched
from paywall.payments.tables import PaymentRow
from paywall.rails.base import Failed, Pending, Rail, Settled, Watched
from paywall.sales import store as request_store

log = logging.getLogger("paywall.payments.reversing.reversals")


class Reversals:
    """Watches the payments of those rails that can undo them, each every `pause` seconds."""

    def __init__(self, *, database: Database, rails: Sequence[Rail], clock: Clock, pause: int) -> None:
        self._database = database
        self._rails = {rail.id: rail for rail in rails if isinstance(rail, Watched)}
        self._clock = clock
        self._pause = pause

    async def step(self) -> None:
        """Look at those that are due. One that cannot be must not hold up the others."""
        before = self._clock() - self._pause

        def due(tx: Transaction) -> list[PaymentRow]:
            rails = list(self._rails)
            found = [
                row for state in ("settled", "reversed") for row in watched.due(tx, state, rails, before)
            ]
            return [store.plain(row) for row in found]

        for payment in await self._database.read(due):
            # Whoever notes the look makes it; the others' turn comes first next time.
            if await self._database.transact(partial(self._note, payment)):
                try:
                    await self._look(payment)
                except Exception:
                    log.exception("payment %s cannot be watched", payment.id)

    def _note(self, payment: PaymentRow, tx: Transaction) -> bool:
        return watched.note_look(tx, payment, self._clock())

    async def _look(self, payment: PaymentRow) -> None:
        match await self._rails[payment.rail].watch(store.for_rail(payment)):
            case Settled():
                await self._keep(payment)
            case Failed(reason):
                await self._reverse(payment, reason)
            case Pending():
                pass

    async def _keep(self, payment: PaymentRow) -> None:
        def keep(tx: Transaction) -> int | None:
            now = self._clock()
            watched.mark_final(tx, payment.id, now)
            # The guard: once, and final from then on.
            if not watched.reinstate(tx, payment.id, now):
                return None
            request_store.move(tx, payment.payment_request_id, "paid", guard=("reversed",))
            receipt = store.receipt_of(tx, payment.payment_request_id)
            assert receipt is not None
            return gift_store.restore_all(tx, account_of(receipt.id), payment.id, now)

        restored = await self._database.transact(keep)
        if restored is not None:
            log.warning("payment %s stands after all: %d credits were given back", payment.id, restored)

    async def _reverse(self, payment: PaymentRow, reason: str) -> None:
        def reverse(tx: Transaction) -> int | None:
            now = self._clock()
            # The guard: once, and never a payment that was found final.
            if not watched.reverse(tx, payment.id, reason, now):
                return None
            failpoint("recover.reversing")
            request_store.move(tx, payment.payment_request_id, "reversed", guard=("paid",))
            receipt = store.receipt_of(tx, payment.payment_request_id)
            assert receipt is not None
            return gift_store.revoke_all(tx, account_of(receipt.id), payment.id, now)

        revoked = await self._database.transact(reverse)
        if revoked is not None:
            log.error(
                "payment %s (%s) was undone: %s. %d credits were revoked; `paywall reconcile` tells what is lost",
                *(payment.id, payment.external_id, reason, revoked),
            )
