"""Statements on the deliveries that the database keeps; and where any resource's are put, found and read."""

from collections.abc import Sequence

from paywall.database.engine import Database, Transaction
from paywall.database.inserts import Insertion
from paywall.redemptions.fulfilment import Delivery, StoredDelivery
from paywall.redemptions.resource import Resource
from paywall.redemptions.tables import DeliveryRow, RedemptionRow

_INSERT = Insertion(DeliveryRow, ["reference", "body"])


def keep(tx: Transaction, reference: str, body: bytes) -> None:
    """The primary key refuses another under the same reference."""
    _INSERT.one(tx, (reference, body))


def keep_many(tx: Transaction, bodies: Sequence[tuple[str, bytes]]) -> bool:
    """`keep` of each; False where one is there already."""
    return _INSERT.many(tx, bodies)


async def put(resource: Resource, reference: str, delivered: Delivery) -> StoredDelivery:
    """Where the resource keeps its own."""
    assert resource.deliveries is not None
    sha256 = await resource.deliveries.put(reference, delivered)
    return StoredDelivery(reference, resource.delivery_path(reference), delivered.media_type, sha256)


async def body_of(database: Database, resource: Resource, reference: str) -> bytes | None:
    """What was delivered under that reference; None when it is not there."""
    if resource.deliveries is not None:
        return await resource.deliveries.get(reference)
    row = await database.read(lambda tx: tx.session.get(DeliveryRow, reference))
    return None if row is None else row.body


def stored_delivery(resource: Resource, row: RedemptionRow) -> StoredDelivery | None:
    """What a redemption delivered; None before it did."""
    if row.delivery is None:
        return None
    assert row.media_type is not None
    assert row.sha256 is not None
    return StoredDelivery(row.delivery, resource.delivery_path(row.delivery), row.media_type, row.sha256)
