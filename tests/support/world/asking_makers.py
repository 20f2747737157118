"""Asking an image maker, whichever it is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from paywall.products.images.maker import ImageMaker, Picture, Subject

T = TypeVar("T")
USER = "5f2a" * 16
LINCOLN = Subject("name", "Abraham Lincoln")
LIGHTHOUSE = Subject("prompt", "a lighthouse in the fog")


async def ask(maker: ImageMaker, subject: Subject) -> Picture:
    return await maker.make(subject, redemption_id="redemption-7", safety_identifier=USER)


def with_maker(build: Callable[[], ImageMaker], use: Callable[[ImageMaker], Awaitable[T]]) -> T:
    """Built, used and closed in one event loop."""

    async def scenario() -> T:
        maker = build()
        try:
            return await use(maker)
        finally:
            await maker.aclose()

    return asyncio.run(scenario())
