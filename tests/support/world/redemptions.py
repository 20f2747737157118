"""Requests to redeem and deliveries, made by hand for the stores."""

from typing import Any

from paywall.credits.accounts import Owner
from paywall.database.liveness import SingleWriter
from paywall.redemptions.fulfilment import StoredDelivery
from paywall.redemptions.request import RedemptionRequest

BEARER = Owner("bearer", None)
PRODUCT = "image-credit"
#: the process that reserves
PROCESS = SingleWriter()


def wanted(redemption_id: str, account_id: str, key: str | None = None, **changes: Any) -> RedemptionRequest:
    """One credit's worth of a cat; the redemption's id is its idempotency key unless `key` says otherwise."""
    fields: dict[str, Any] = {
        "id": redemption_id,
        "account_id": account_id,
        "product": PRODUCT,
        "resource": "images",
        "quantity": 1,
        "idempotency_key": key or redemption_id,
        "request": '{"prompt":"a cat"}',
        "request_hash": "ab" * 32,
        "document": '{"prompt":"a cat"}',
        "owes_burn": True,
        "holder_proof": None,
        **changes,
    }
    return RedemptionRequest(**fields)


def delivered(reference: str) -> StoredDelivery:
    return StoredDelivery(reference, f"/api/images/{reference}", "image/png", "cd" * 32)
