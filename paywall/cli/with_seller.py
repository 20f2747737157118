"""A command that does something at a seller, and ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from paywall.compose import compose, open_ring
from paywall.errors import PaywallError, SetupError
from paywall.seller import Seller
from paywall.settings import Settings

T = TypeVar("T")


def with_seller(settings: Settings, what: Callable[[Seller], Awaitable[T]]) -> T:
    """What `what` gives. Errors: SetupError, also for what is refused."""

    async def run() -> T:
        seller = compose(settings, open_ring(settings))
        try:
            return await what(seller)
        except SetupError:
            raise
        except PaywallError as refusal:
            raise SetupError(refusal.detail) from refusal
        finally:
            await seller.close()

    return asyncio.run(run())
