"""Capturing a reserved use together with its burn, for one or for all that end at the same time.

Invariant 2: the capture and its burn stand or fall in one commit.
"""

from collections.abc import Sequence
from typing import NamedTuple

from paywall.burns import store as burn_store
from paywall.credits import bulk, postings
from paywall.credits.bulk import AccountMove
from paywall.database.engine import Transaction
from paywall.database.inserts import PostgresText, Values
from paywall.ops.failpoints import failpoint
from paywall.redemptions import store
from paywall.redemptions.fulfilment import StoredDelivery
from paywall.redemptions.request import Reservation

_CAPTURE_MANY = PostgresText("""UPDATE redemption r SET state = 'captured', delivery = a.delivery,
    media_type = a.media_type, sha256 = a.sha256, body = a.body, updated_at = %(now)s
    FROM unnest(%(id)s::text[], %(attempt)s::integer[], %(delivery)s::text[], %(media_type)s::text[],
        %(sha256)s::text[], %(body)s::bytea[]) AS a (id, attempt, delivery, media_type, sha256, body)
    WHERE r.id = a.id AND r.state = 'reserved' AND r.attempt = a.attempt RETURNING 1""")


class ToCapture(NamedTuple):
    """A delivered use. `body` is for the database to keep; `salt` (16 bytes) blinds the leaf of its burn."""

    reservation: Reservation
    delivery: StoredDelivery
    body: bytes | None
    salt: bytes
    now: int


class Capture:
    """Whether the reservation was there to be captured, for a `database.engine.GroupFn`."""

    def one(self, tx: Transaction, item: ToCapture) -> bool:
        if not store.capture(tx, item.reservation, item.delivery, item.now, item.body):
            return False
        failpoint("redeem.capturing")
        owe_burn(tx, item)
        return True

    def many(self, tx: Transaction, items: Sequence[ToCapture]) -> list[bool] | None:
        now = max(one.now for one in items)
        found = tx.run(
            _CAPTURE_MANY,
            now=now,
            id=[one.reservation.id for one in items],
            attempt=[one.reservation.attempt for one in items],
            delivery=[one.delivery.reference for one in items],
            media_type=[one.delivery.media_type for one in items],
            sha256=[one.delivery.sha256 for one in items],
            body=[one.body for one in items],
        )
        if len(found) != len(items) or not bulk.capture(tx, [_move(one) for one in items], now):
            return None
        failpoint("redeem.capturing")
        return [True] * len(items) if owe_burns(tx, items) else None


def owe_burn(tx: Transaction, item: ToCapture) -> None:
    """The burn that stands or falls with a capture."""
    held = item.reservation
    if held.owes_burn:
        burn_store.insert(tx, held.id, item.salt, held.commitment, quantity=held.quantity, now=item.now)


def owe_burns(tx: Transaction, items: Sequence[ToCapture]) -> bool:
    """`owe_burn` of each, on PostgreSQL; False where a burn is there already."""
    return burn_store.insert_many(tx, [_burn_row(one) for one in items if one.reservation.owes_burn])


def _move(item: ToCapture) -> AccountMove:
    held = item.reservation
    return AccountMove(held.account_id, postings.capture(held.id, held.attempt, held.quantity))


def _burn_row(item: ToCapture) -> Values:
    held = item.reservation
    return held.id, item.salt, held.commitment, held.quantity, item.now
