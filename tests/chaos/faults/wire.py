"""A wire between a buyer and the seller that loses, delays, doubles and reorders."""

import asyncio
import random
from collections import Counter

import httpx

LOST, UNANSWERED, DOUBLED, AT_ONCE = 0.05, 0.10, 0.20, 0.5
LONGEST_DELAY = 0.05
#: how long after its original a copy comes: at once, or when things have moved on
LATE = (0.0, 1.5)


class Wire(httpx.AsyncBaseTransport):
    """A transport for `BuyerClient`; honest again once `faulty` is false."""

    def __init__(self, chance: random.Random, counts: Counter[str]) -> None:
        self._inner = httpx.AsyncHTTPTransport(retries=0)
        self._chance = chance
        self._counts = counts
        self._copies: set[asyncio.Task[None]] = set()
        self.faulty = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.faulty:
            return await self._inner.handle_async_request(request)
        # Several buyers at once, each request late by another time: that is what reorders them.
        await asyncio.sleep(self._chance.uniform(0, LONGEST_DELAY))
        draw = self._chance.random()
        if draw < LOST:
            self._counts["requests lost"] += 1
            raise httpx.ConnectError("lost on request (chaos)")
        if request.method == "POST" and draw > 1 - DOUBLED:
            self._double(request)
        response = await self._inner.handle_async_request(request)
        if draw < LOST + UNANSWERED:
            await response.aread()
            await response.aclose()
            self._counts["replies lost"] += 1
            raise httpx.ReadError("the reply was lost on request (chaos)")
        return response

    def _double(self, request: httpx.Request) -> None:
        self._counts["requests doubled"] += 1
        # A holder proof holds once: a copy that overtakes its original is the one that is heard.
        wait = 0.0 if self._chance.random() < AT_ONCE else self._chance.uniform(*LATE)
        copy = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        task = asyncio.create_task(self._send(copy, wait))
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def _send(self, copy: httpx.Request, wait: float) -> None:
        await asyncio.sleep(wait)
        try:
            response = await self._inner.handle_async_request(copy)
            await response.aread()
            await response.aclose()
        except httpx.TransportError:
            return  # the seller was dead: nobody waits for a copy

    async def settle(self) -> None:
        """Until no copy is under way."""
        while self._copies:
            await asyncio.wait(set(self._copies))

    async def aclose(self) -> None:
        await self.settle()
        await self._inner.aclose()
