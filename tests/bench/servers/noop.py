"""An image maker and a delivery store that cost nothing: the paywall is measured, not the pictures."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from paywall.products.images.maker import Picture, Subject
from paywall.redemptions.fulfilment import Delivery, UseOrder

PICTURE = Picture(b"\x89PNG\r\n\x1a\n" + bytes(56), "image/png", {})


class NoopMaker:
    """Hands out one and the same 64 bytes."""

    id = "noop"

    async def make(self, subject: Subject, *, redemption_id: str, safety_identifier: str) -> Picture:
        return PICTURE

    async def aclose(self) -> None:
        return


class NoopAtOnce:
    """The same as a quick resource, whose deliveries the database keeps."""

    def __init__(self, read: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """`read` is what the images read a request with."""
        self.read = read

    def deliver(self, order: UseOrder) -> Delivery:
        return Delivery(PICTURE.data, PICTURE.media_type)

    async def aclose(self) -> None:
        return


class MemoryDeliveries:
    """Keeps deliveries in this process."""

    def __init__(self) -> None:
        self._deliveries: dict[str, bytes] = {}

    async def put(self, reference: str, delivery: Delivery) -> str:
        self._deliveries[reference] = delivery.body
        return hashlib.sha256(delivery.body).hexdigest()

    async def get(self, reference: str) -> bytes | None:
        return self._deliveries.get(reference)
