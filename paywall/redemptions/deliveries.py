"""Where any resource's deliveries are put, found and read."""

import hashlib

from sqlmodel import select

from paywall.database.engine import Transaction
from paywall.redemptions.fulfilment import Delivery, StoredDelivery
from paywall.redemptions.resource import Resource
from paywall.redemptions.tables import RedemptionRow


async def put(resource: Resource, reference: str, delivered: Delivery) -> tuple[StoredDelivery, bytes | None]:
    """Where it is, and what is to stand in the database of it: all of a small one, where the resource wants that."""
    url, body = resource.delivery_path(reference), delivered.body
    if len(body) <= resource.inline:
        sha256 = hashlib.sha256(body).hexdigest()
        return StoredDelivery(reference, url, delivered.media_type, sha256), body
    assert resource.deliveries is not None
    sha256 = await resource.deliveries.put(reference, delivered)
    return StoredDelivery(reference, url, delivered.media_type, sha256), None


async def body_of(resource: Resource, row: RedemptionRow) -> bytes | None:
    """What a redemption delivered; None when it is not there."""
    if row.body is not None or resource.deliveries is None or row.delivery is None:
        return row.body
    return await resource.deliveries.get(row.delivery)


def stored_delivery(resource: Resource, row: RedemptionRow) -> StoredDelivery | None:
    """Where it is; None before it was delivered."""
    if row.delivery is None:
        return None
    assert row.media_type is not None
    assert row.sha256 is not None
    return StoredDelivery(row.delivery, resource.delivery_path(row.delivery), row.media_type, row.sha256)


def by_delivery(tx: Transaction, resource: str, reference: str) -> RedemptionRow | None:
    return tx.session.exec(
        select(RedemptionRow).where(RedemptionRow.delivery == reference, RedemptionRow.resource == resource)
    ).one_or_none()
