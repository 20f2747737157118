"""A quick use: taken, delivered and burned in one transaction, alone or with all that come at the same time."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from paywall.credits import postings
from paywall.credits import store as credit_store
from paywall.database.engine import Liveness, Transaction
from paywall.database.inserts import Insertion, Values
from paywall.ops.failpoints import failpoint
from paywall.redemptions import deliveries, store
from paywall.redemptions.capturing import Capture, ToCapture, follow_up, follow_up_many
from paywall.redemptions.fulfilment import Delivery, QuickFulfilment, StoredDelivery, UseOrder
from paywall.redemptions.holder_proofs import use_proof, use_proofs
from paywall.redemptions.request import Reservation
from paywall.redemptions.reserving import Reserve, ToReserve, take_many
from paywall.redemptions.resource import Resource
from paywall.redemptions.tables import RedemptionRow

_INSERT = Insertion(RedemptionRow, (*store.COLUMNS, "delivery", "media_type", "sha256"), unless=store.KEY)


@dataclass(frozen=True, slots=True)
class QuickUse:
    """A use that is asked for. `reference` and `salt` (16 bytes) are for its delivery and its burn."""

    asked: ToReserve
    resource: Resource
    user: str
    reference: str
    salt: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """A captured use, and what it gave."""

    reservation: Reservation
    delivery: StoredDelivery
    body: bytes


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The credits are available again."""

    redemption_id: str
    error: Exception


QuickOutcome = Done | Undelivered | RedemptionRow


class UseAtOnce:
    """For a `database.engine.GroupFn`; a row is the redemption that the key already names.

    What is plain (a new key, a resource that delivers) is captured as it is inserted, and never seen reserved; all
    else goes the way of every use, within this one transaction.
    """

    def __init__(self, liveness: Liveness) -> None:
        self._liveness = liveness
        self._reserve, self._capture = Reserve(liveness), Capture()

    def one(self, tx: Transaction, item: QuickUse) -> QuickOutcome:
        delivered, asked = _delivered(item, item.asked.request.document), item.asked
        if isinstance(delivered, Exception) or asked.full:
            return self._step_by_step(tx, item)
        if asked.request.holder_proof is not None:
            use_proof(tx, asked.request.holder_proof)
        if not _INSERT.one(tx, self._row(item, delivered)):
            known = replace(asked, request=replace(asked.request, holder_proof=None))  # it is used by now
            return self._step_by_step(tx, replace(item, asked=known))
        request = asked.request
        transfer = postings.use(request.id, request.quantity)
        left = credit_store.take(tx, request.account_id, request.product, transfer, asked.now)
        if left is None:
            raise store.why_not(tx, request, asked.now)
        failpoint("redeem.capturing")
        deliveries.keep(tx, item.reference, delivered.body)
        held, delivery = store.reservation(request, 1, left), _stored(item, delivered)
        follow_up(tx, _capturing(item, held, delivery))
        return Done(held, delivery, delivered.body)

    def many(self, tx: Transaction, items: Sequence[QuickUse]) -> list[QuickOutcome] | None:
        found = [_delivered(item, item.asked.request.document) for item in items]
        bodies = [one for one in found if isinstance(one, Delivery)]
        if len(bodies) < len(items) or any(item.asked.full for item in items):
            return None  # alone, each gives its credits back
        proofs = [one.asked.request.holder_proof for one in items]
        rows = [self._row(item, body) for item, body in zip(items, bodies, strict=True)]
        if not use_proofs(tx, [one for one in proofs if one is not None]):
            return None
        if not _INSERT.many(tx, rows):
            return None  # a key that is known
        left = take_many(tx, [one.asked for one in items], lambda one: postings.use(one.id, one.quantity))
        if left is None:
            return None
        failpoint("redeem.capturing")
        held = [store.reservation(one.asked.request, 1, left[one.asked.request.id]) for one in items]
        stored = [_stored(item, body) for item, body in zip(items, bodies, strict=True)]
        ends = [_capturing(*each) for each in zip(items, held, stored, strict=True)]
        kept_bodies = [(item.reference, body.body) for item, body in zip(items, bodies, strict=True)]
        if not (deliveries.keep_many(tx, kept_bodies) and follow_up_many(tx, ends)):
            return None
        return [Done(one, at, body.body) for one, at, body in zip(held, stored, bodies, strict=True)]

    def _row(self, item: QuickUse, delivered: Delivery) -> Values:
        asked = item.asked
        new = store.new_row(asked.request, self._liveness.own(), asked.deadline, asked.now, state="captured")
        return *new, item.reference, delivered.media_type, _sha256(delivered)

    def _step_by_step(self, tx: Transaction, item: QuickUse) -> QuickOutcome:
        taken = self._reserve.one(tx, item.asked)
        if isinstance(taken, RedemptionRow):
            return taken
        # What was asked first is what is delivered: the key may have been tried before.
        delivered = _delivered(item, taken.document, taken.id)
        if isinstance(delivered, Exception):
            refusal = store.refusal_of(delivered)
            store.release(tx, taken.id, taken.attempt, item.asked.now, refusal=refusal)
            return Undelivered(taken.id, delivered)
        deliveries.keep(tx, item.reference, delivered.body)
        delivery = _stored(item, delivered)
        captured = self._capture.one(tx, _capturing(item, taken, delivery))
        assert captured, "what was reserved in this very transaction is there"
        return Done(taken, delivery, delivered.body)


def _delivered(item: QuickUse, document: str, redemption_id: str = "") -> Delivery | Exception:
    """What the resource gives, or its error."""
    order = UseOrder(redemption_id or item.asked.request.id, json.loads(document), item.user)
    try:
        return cast(QuickFulfilment, item.resource.fulfilment).deliver(order)
    except Exception as error:  # noqa: BLE001  whatever a resource raises
        return error


def _sha256(delivered: Delivery) -> str:
    return hashlib.sha256(delivered.body).hexdigest()


def _stored(item: QuickUse, delivered: Delivery) -> StoredDelivery:
    url = item.resource.delivery_path(item.reference)
    return StoredDelivery(item.reference, url, delivered.media_type, _sha256(delivered))


def _capturing(item: QuickUse, held: Reservation, delivery: StoredDelivery) -> ToCapture:
    order = UseOrder(held.id, json.loads(held.document), item.user)
    return ToCapture(held, order, delivery, item.resource.record, item.salt, item.asked.now)
