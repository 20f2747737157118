"""Sends the money of refunds back: drafted, stored, and only then sent; whatever dies, it is the same draft again.

transaction: due → sending, with the draft and what it spends (unique keys: one refund, one input)
network:     rail.refund
transaction: sending → sent; or → due, when that draft can never arrive any more
"""

import json
import logging
from collections.abc import Sequence

from paywall.clock import Clock
from paywall.database.engine import Database, Transaction
from paywall.errors import PaymentPending, PaywallError, StorageUnavailable
from paywall.ops.failpoints import failpoint
from paywall.payments.store import for_rail
from paywall.payments.tables import PaymentRow
from paywall.rails.base import (
    Failed,
    Pending,
    Rail,
    Refundable,
    RefundDraft,
    RefundImpossible,
    Settled,
    StoredPayment,
)
from paywall.refunds import store
from paywall.refunds.tables import RefundRow

log = logging.getLogger("paywall.refunds")


class RefundSending:
    """Brings refunds to their end on those rails that can."""

    def __init__(self, *, database: Database, rails: Sequence[Rail], clock: Clock, pause: int = 0) -> None:
        """Each is looked at every `pause` seconds."""
        self._pause = pause
        self._database = database
        self._rails = {rail.id: rail for rail in rails if isinstance(rail, Refundable)}
        self._clock = clock

    async def step(self) -> None:
        """One that cannot be sent must not hold up the others."""
        if not self._rails:
            return
        before = self._clock() - self._pause
        for refund, payment in await self._database.read(
            lambda tx: store.unsent(tx, list(self._rails), before)
        ):
            try:
                await self._advance(refund, payment)
            except StorageUnavailable:
                raise
            except PaywallError as refusal:
                log.warning("refund %s waits: %s", refund.id, refusal.detail)
            except Exception:
                log.exception("refund %s cannot be sent", refund.id)

    async def _advance(self, refund: RefundRow, payment: PaymentRow) -> None:
        rail = self._rails[refund.rail]
        if refund.state == "due":
            drafted = await self._draft(rail, refund, payment)
            if drafted is None:
                return
            refund = drafted
        first = await self._database.transact(lambda tx: store.note_try(tx, refund, self._clock()))
        failpoint("refund.tried")
        if first is None:
            return
        match await rail.refund(_sent_by(refund, payment, first=first)):
            case Settled():
                await self._database.transact(lambda tx: store.move(tx, refund, "sent", self._clock()))
                log.info("refund %s was sent: %s", refund.id, refund.external_id)
            case Failed(reason):
                # As of payments: the refusal of a first try says that it failed while it is the only try.
                tries = 1 if first else None
                await self._database.transact(
                    lambda tx: store.move(tx, refund, "due", self._clock(), tries=tries, reason=reason)
                )
            case Pending():
                pass

    async def _draft(self, rail: Refundable, refund: RefundRow, payment: PaymentRow) -> RefundRow | None:
        if not await self._database.transact(lambda tx: store.note_look(tx, refund, self._clock())):
            return None
        held = await self._database.read(lambda tx: store.held(tx, refund.rail))
        key = f"{refund.id} {refund.drafts}"
        try:
            draft = await rail.draft_refund(for_rail(payment), refund.amount, key, held)
        except RefundImpossible as error:
            reason = str(error)
            await self._database.transact(lambda tx: store.to_a_person(tx, refund, reason, self._clock()))
            return None
        failpoint("refund.drafted")
        return await self._database.transact(lambda tx: _store(tx, refund, draft, self._clock()))


def _store(tx: Transaction, refund: RefundRow, draft: RefundDraft, now: int) -> RefundRow | None:
    if not store.store_draft(tx, refund, draft, now):
        return None
    if not store.hold_inputs(tx, refund, draft):
        raise PaymentPending("What it spends is behind another refund, which was drafted at the same time.")
    return store.find(tx, refund.id)


def _sent_by(refund: RefundRow, payment: PaymentRow, *, first: bool) -> StoredPayment:
    assert refund.external_id is not None
    assert refund.rail_state is not None
    return StoredPayment(
        id=refund.id,
        external_id=refund.external_id,
        option_id=refund.option_id,
        payer=payment.payer,
        state=json.loads(refund.rail_state),
        first=first,
        # Of its last try: however long nobody can tell what became of it, that alone makes it no failure.
        claimed_at=refund.updated_at,
    )
