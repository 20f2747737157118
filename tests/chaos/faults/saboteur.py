"""Faults of the chain, chosen by chance: submits that go wrong, and rollbacks."""

import asyncio
import random
from collections import Counter
from typing import Any

from tests.chaos.runs.books import open_books
from tests.chaos.world import CONFIRMATIONS, World

#: after these the seller cannot know whether the transaction was taken
UNKNOWN = ("drop_before", "drop_after", "accept_then_error", "error")
FAULTS = (*UNKNOWN, *UNKNOWN, "refuse", "lose")
PAUSE = (0.1, 0.4)
MANY = 1000
#: provocation → the state of a burn batch that is rolled back as soon as it is reached
AIMS = {"deep": "confirmed", "shallow": "seen"}
#: how deep such a burn must be: a confirmed one is beyond what we ask, and so will be parked
AIMS_DEPTH = {"confirmed": (CONFIRMATIONS + 1, CONFIRMATIONS + 4), "seen": (1, CONFIRMATIONS)}
AIMING_LOOKS = 25


class Saboteur:
    """`wish` is a provocation (`provocations.py`) that takes the place of chance."""

    def __init__(self, world: World, chance: random.Random, counts: Counter[str]) -> None:
        self._world = world
        self._chance = chance
        self._counts = counts
        self._set: tuple[str, int] | None = None
        self.wishes: Counter[str] = Counter()
        #: a rollback took payments that were final: their payers' nodes hand them in again
        self.dropped = False

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._one()
            await asyncio.sleep(self._chance.uniform(*PAUSE))
        await self.end()

    async def end(self) -> None:
        """No fault is left."""
        await self._read_back()
        await self._control("faults", method="DELETE")

    async def _one(self) -> None:
        if self.wishes["peace"]:
            return await self.end()
        if self.wishes["lose"]:
            return await self.submit_fault("lose", MANY)
        if self.wishes["refuse"]:
            return await self.submit_fault("refuse", 1)
        for wish, state in AIMS.items():
            if self.wishes[wish]:
                return await self._aimed(state)
        draw = self._chance.random()
        if draw < 0.55:
            return await self.submit_fault(self._chance.choice(FAULTS), self._chance.randint(1, 2))
        if draw < 0.75:
            return await self.rollback(self._chance.choice((1, 1, 1, 2, CONFIRMATIONS + 1)))
        return None

    async def submit_fault(self, kind: str, times: int) -> None:
        await self._read_back()
        delay = self._chance.choice((0, 0, 20, 200))
        await self._control("faults", {"submit": kind, "times": times, "delay_ms": delay})
        self._set = (kind, times)

    async def _read_back(self) -> None:
        """How often the fault that was set last has happened."""
        if self._set is None:
            return
        (kind, times), self._set = self._set, None
        left = (await self._control("status", method="GET"))["fault"]
        happened = times - (left["times"] if left["submit"] == kind else 0)
        self._counts[f"submits: {kind}"] += happened
        self._counts["unknown submits"] += happened if kind in UNKNOWN else 0

    async def _aimed(self, state: str) -> None:
        """Takes back the newest block with a burn that the seller has just found to be in that state."""
        for _ in range(AIMING_LOOKS):
            found = await asyncio.to_thread(self._highest, state)
            height = int((await self._control("status", method="GET"))["height"])
            depth = 0 if found is None else height - found + 1
            if AIMS_DEPTH[state][0] <= depth <= AIMS_DEPTH[state][1]:
                return await self.rollback(depth, keep=False)
            await asyncio.sleep(0.04)
        return None

    def _highest(self, state: str) -> int | None:
        with open_books(self._world.database) as books:
            return books.highest_block(state)

    async def rollback(self, blocks: int, *, keep: bool | None = None) -> None:
        height = (await self._control("status", method="GET"))["height"]
        if height - blocks <= self._world.foundation:
            return
        keep = self._chance.random() < 0.5 if keep is None else keep
        self.dropped |= not keep and blocks >= CONFIRMATIONS
        await self._control("rollback", {"blocks": blocks, "keep": keep})
        self._counts[f"rollbacks of {blocks}"] += 1
        self._counts["rollbacks"] += 1

    async def _control(self, path: str, body: object = None, method: str = "POST") -> Any:
        return await asyncio.to_thread(self._world.devnet.control, path, body, method)
