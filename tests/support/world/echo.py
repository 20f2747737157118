"""A quick fulfilment whose requests say what becomes of them."""

from collections.abc import Mapping
from typing import Any

from paywall.errors import FulfilmentFailed, FulfilmentRefused
from paywall.redemptions.fulfilment import Delivery, UseOrder


class Echo:
    """Delivers the prompt that it is asked; `fails` and `refused` are prompts."""

    def read(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return body

    def deliver(self, order: UseOrder) -> Delivery:
        match order.document["prompt"]:
            case "fails":
                raise FulfilmentFailed
            case "refused":
                raise FulfilmentRefused("No.")
        return Delivery(str(order.document["prompt"]).encode(), "text/plain")

    async def aclose(self) -> None:
        return
