"""Statements on the deliveries that the database keeps; and where any resource's are read."""

from collections.abc import Sequence

from paywall.database.engine import Database, Transaction
from paywall.database.inserts import Insertion
from paywall.redemptions.resource import Resource
from paywall.redemptions.tables import DeliveryRow

_INSERT = Insertion(DeliveryRow, ["reference", "body"])


def keep(tx: Transaction, reference: str, body: bytes) -> None:
    """The primary key refuses another under the same reference."""
    _INSERT.one(tx, (reference, body))


def keep_many(tx: Transaction, bodies: Sequence[tuple[str, bytes]]) -> bool:
    """`keep` of each; False where one is there already."""
    return _INSERT.many(tx, bodies)


async def body_of(database: Database, resource: Resource, reference: str) -> bytes | None:
    """What was delivered under that reference; None when it is not there."""
    if resource.deliveries is not None:
        return await resource.deliveries.get(reference)
    row = await database.read(lambda tx: tx.session.get(DeliveryRow, reference))
    return None if row is None else row.body
