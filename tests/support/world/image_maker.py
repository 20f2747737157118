"""An image maker that draws nothing: quick, and refusing, failing or waiting where a test says so."""

import asyncio

from paywall.products.images.maker import MakerFailed, MakerRefused, Picture, Subject

#: one transparent pixel
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
REFUSED, FAILING, SLOW = "a forbidden thing", "a broken model", "a slow drawing"


class PlainMaker:
    """Refuses the prompt REFUSED, fails on FAILING, and waits for `released` on SLOW."""

    id = "plain"

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.released = asyncio.Event()
        self.made = 0

    async def make(self, subject: Subject, *, redemption_id: str, safety_identifier: str) -> Picture:
        if subject.text == REFUSED:
            raise MakerRefused(REFUSED)
        if subject.text == FAILING:
            raise MakerFailed("the model fell over", retryable=True)
        if subject.text == SLOW:
            self.started.set()
            await self.released.wait()
        self.made += 1
        return Picture(PNG, "image/png", {})

    async def aclose(self) -> None:
        return
