"""How long to wait before a seller is asked again: never less than a floor, longer each time, never all at once."""

import asyncio
from collections.abc import Awaitable, Callable
from secrets import SystemRandom

from buyer.errors import SellerUnreachable
from buyer.seller.http import Reply

GROWTH = 1.5
#: of a pause, added by chance: buyers that failed together shall not come back together
JITTER = 0.25
LONGEST_POLL = 10.0
# A seller that is gone is asked this often again, for a minute and a half in all: time to start anew.
GONE_TIMES = 8
GONE_FIRST, GONE_LONGEST = 1.0, 20.0
_CHANCE = SystemRandom()


class Backoff:
    """Pauses in seconds, from `first` growing to `longest`: a seller that says 0 cannot keep us busy for nothing."""

    def __init__(self, first: float, longest: float) -> None:
        self._next = first
        self._longest = longest

    def pause(self, told: float | None = None) -> float:
        """The next pause; at least as long as the seller told, by its Retry-After."""
        pause = max(self._next, told or 0.0)
        self._next = min(self._next * GROWTH, self._longest)
        return pause * (1 + JITTER * _CHANCE.random())


async def asked_while_gone(ask: Callable[[], Awaitable[Reply]], say: Callable[[str], None]) -> Reply:
    """The answer to what costs nothing to ask again; SellerUnreachable when the seller stays away."""
    backoff = Backoff(GONE_FIRST, GONE_LONGEST)
    for _ in range(GONE_TIMES):
        try:
            return await ask()
        except SellerUnreachable:
            say("the seller does not answer; nothing is lost, it is asked again in a while")
            await asyncio.sleep(backoff.pause())
    return await ask()
