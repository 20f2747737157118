"""A resource: a weather report, three credits a use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paywall import (
    Delivery,
    DeliveryFiles,
    FulfilmentRefused,
    Money,
    PriceTier,
    Product,
    Resource,
    UseOrder,
    UseRequest,
)

PRODUCT = Product(
    "report-credit", "Report credit", "A third of a report.", 30, (PriceTier(1, Money(10, "USD", 2)),)
)


class Weather:
    def read(self, body: Mapping[str, Any]) -> UseRequest:
        town = body.get("town", "")
        if town == "Atlantis":
            raise FulfilmentRefused("There is no weather in Atlantis.")
        return UseRequest(asked={"town": town}, document={"town": town or "anywhere"})

    async def perform(self, order: UseOrder) -> Delivery:
        return Delivery(f"Rain in {order.document['town']}.".encode(), "text/plain")

    async def aclose(self) -> None:
        """Nothing is held open."""


def weather(folder: Path) -> Resource:
    return Resource(
        id="weather",
        product=PRODUCT.id,
        path="/api/weather",
        verb="report",
        cost=3,
        fulfilment=Weather(),
        deliveries=DeliveryFiles(folder),
    )
