"""A quick use: taken, delivered and burned in one transaction, alone or with all that come at the same time."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from paywall.credits import postings
from paywall.credits import store as credit_store
from paywall.database.engine import Liveness, Transaction
from paywall.database.inserts import Insertion, Values
from paywall.ops.failpoints import failpoint
from paywall.redemptions import store
from paywall.redemptions.capturing import Capture, ToCapture, owe_burn, owe_burns
from paywall.redemptions.fulfilment import QuickFulfilment, StoredDelivery, UseOrder
from paywall.redemptions.holder_proofs import use_proof, use_proofs
from paywall.redemptions.request import Reservation
from paywall.redemptions.reserving import RefusedUse, Reserve, ToReserve, refuse_use, take_many
from paywall.redemptions.resource import Resource
from paywall.redemptions.tables import RedemptionRow

_CAPTURED = (*store.COLUMNS, "delivery", "media_type", "sha256", "body")
_INSERT = Insertion(RedemptionRow, _CAPTURED, unless=store.KEY)


class QuickUse(NamedTuple):
    """A use that is asked for. `reference` and `salt` (16 bytes) are for its delivery and its burn."""

    asked: ToReserve
    resource: Resource
    user: str
    reference: str
    salt: bytes


class Done(NamedTuple):
    """A captured use, and what it gave."""

    reservation: Reservation
    delivery: StoredDelivery
    body: bytes


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The credits are available again."""

    redemption_id: str
    error: Exception


QuickOutcome = Done | Undelivered | RedemptionRow | RefusedUse


class UseAtOnce:
    """For a `database.engine.GroupFn`; a row is the redemption that the key already names.

    What is plain (a new key, a resource that delivers) is captured as it is inserted, and never seen reserved; all
    else goes the way of every use, within this one transaction.
    """

    def __init__(self, liveness: Liveness) -> None:
        self._liveness = liveness
        self._reserve, self._capture = Reserve(liveness), Capture()

    def one(self, tx: Transaction, item: QuickUse) -> QuickOutcome:
        asked, request = item.asked, item.asked.request
        made = _made(item, request.id, request.document)
        if isinstance(made, Exception) or asked.full:
            return self._step_by_step(tx, item)
        if request.holder_proof is not None:
            use_proof(tx, request.holder_proof)
        if not _INSERT.one(tx, self._row(item, made)):
            known = asked._replace(request=request._replace(holder_proof=None))  # it is used by now
            return self._step_by_step(tx, item._replace(asked=known))
        transfer = postings.use(request.id, request.quantity)
        left = credit_store.take(tx, request.account_id, request.product, transfer, asked.now)
        if left is None:
            return refuse_use(tx, request, store.why_not(tx, request, asked.now))
        failpoint("redeem.capturing")
        held = store.reservation(request, 1, left)
        owe_burn(tx, _to_capture(item, held, made))
        return Done(held, made.delivery, made.body)

    def many(self, tx: Transaction, items: Sequence[QuickUse]) -> list[QuickOutcome] | None:
        found = [_made(item, item.asked.request.id, item.asked.request.document) for item in items]
        made = [one for one in found if isinstance(one, _Made)]
        if len(made) < len(items) or any(item.asked.full for item in items):
            return None  # alone, each gives its credits back
        proofs = [one.asked.request.holder_proof for one in items]
        if not use_proofs(tx, [one for one in proofs if one is not None]):
            return None
        if not _INSERT.many(tx, [self._row(*each) for each in zip(items, made, strict=True)]):
            return None  # a key that is known
        left = take_many(tx, [one.asked for one in items], lambda one: postings.use(one.id, one.quantity))
        if left is None:
            return None
        failpoint("redeem.capturing")
        held = [store.reservation(one.asked.request, 1, left[one.asked.request.id]) for one in items]
        ends = [_to_capture(*each) for each in zip(items, held, made, strict=True)]
        if not owe_burns(tx, ends):
            return None
        return [Done(at, one.delivery, one.body) for at, one in zip(held, made, strict=True)]

    def _row(self, item: QuickUse, made: "_Made") -> Values:
        asked, delivery = item.asked, made.delivery
        new = store.new_row(asked.request, self._liveness.own(), asked.deadline, asked.now, state="captured")
        return *new, delivery.reference, delivery.media_type, delivery.sha256, made.body

    def _step_by_step(self, tx: Transaction, item: QuickUse) -> QuickOutcome:
        taken = self._reserve.one(tx, item.asked)
        if isinstance(taken, RedemptionRow | RefusedUse):
            return taken
        # What was asked first is what is delivered: the key may have been tried before.
        made = _made(item, taken.id, taken.document)
        if isinstance(made, Exception):
            refusal = store.refusal_of(made)
            store.release(tx, taken.id, taken.attempt, item.asked.now, refusal=refusal)
            return Undelivered(taken.id, made)
        captured = self._capture.one(tx, _to_capture(item, taken, made))
        assert captured, "what was reserved in this very transaction is there"
        return Done(taken, made.delivery, made.body)


class _Made(NamedTuple):
    """What the resource gave for its order."""

    body: bytes
    delivery: StoredDelivery


def _made(item: QuickUse, redemption_id: str, document: str) -> _Made | Exception:
    """The resource's own error is told, not raised."""
    order, resource = UseOrder(redemption_id, json.loads(document), item.user), item.resource
    try:
        given = cast(QuickFulfilment, resource.fulfilment).deliver(order)
    except Exception as error:  # noqa: BLE001  whatever a resource raises
        return error
    url, sha256 = resource.delivery_path(item.reference), hashlib.sha256(given.body).hexdigest()
    return _Made(given.body, StoredDelivery(item.reference, url, given.media_type, sha256))


def _to_capture(item: QuickUse, held: Reservation, made: _Made) -> ToCapture:
    return ToCapture(held, made.delivery, made.body, item.salt, item.asked.now)
