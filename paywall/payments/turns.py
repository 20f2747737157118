"""A budget for looks at the chain: so many at once, one for each key, and so many more that wait."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from paywall.errors import Unavailable

#: how many wait for each that has its turn, in all and for one key
QUEUE = 32


class Turns:
    """Gives turns, `at_once` of them. Whoever finds the queue full is sent away: memory and time have an end.

    The key is a payment or a payment request, which is as near to a client as money comes: keys and names cost
    a stranger nothing, while the requests that it gets are counted at the edge.
    """

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once * (QUEUE + 1)
        self._keys: defaultdict[str, list[asyncio.Lock]] = defaultdict(list)
        self._taken = 0

    @asynccontextmanager
    async def take(self, key: str) -> AsyncIterator[None]:
        """Errors: Unavailable, at once, when too many wait."""
        if self._taken >= self._most or len(self._keys.get(key, ())) > QUEUE:
            raise Unavailable("Too many payments are being looked at; nothing was changed.")
        self._taken += 1
        queue = self._keys[key]
        lock = queue[0] if queue else asyncio.Lock()
        queue.append(lock)
        try:
            async with lock, self._free:
                yield
        finally:
            self._taken -= 1
            queue.pop()
            if not queue:
                del self._keys[key]
