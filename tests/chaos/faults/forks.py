"""What becomes of the chain: blocks that are taken back, and an index, or a node on another fork, that hides some."""

import asyncio
import random
import time
from collections import Counter

from tests.chaos.faults.chain_hand import ChainHand
from tests.chaos.runs.books import open_books
from tests.chaos.world import World

#: blocks that are taken back: few, or one more than we ask; an expiry's and more; two expiries' and more
SHORT = (1, 1, 1, 2)
LONG, LONGER = (30, 40), (60, 75)
#: seconds that something is hidden: within an expiry, past it, past two
BLINK, PAST_EXPIRY, PAST_TWO = (0.3, 2.0), (5.0, 7.0), (10.0, 13.0)
NEWEST = 4
#: passes over what comes back, for a transaction that came before what it spends
PASSES = 3


class Forks:
    """`dropped`: final payments were taken back, so that their payers' nodes hand them in again."""

    def __init__(self, world: World, chance: random.Random, counts: Counter[str], hand: ChainHand) -> None:
        self._world = world
        self._chance = chance
        self._counts = counts
        self._hand = hand
        #: hidden transaction → when it is shown again
        self._hidden: dict[str, float] = {}
        self.dropped = False

    async def rollback(self, blocks: int, *, keep: bool | None = None) -> bool:
        """False where that would take what the world stands on."""
        status = await self._hand.control("status", method="GET")
        if status["height"] - blocks <= self._world.foundation:
            return False
        keep = self._chance.random() < 0.5 if keep is None else keep
        self.dropped |= not keep and blocks >= self._world.confirmations
        await self._hand.control("rollback", {"blocks": blocks, "keep": keep})
        self._counts[f"rollbacks of {blocks}" if blocks < LONG[0] else "rollbacks longer than an expiry"] += 1
        self._counts["rollbacks"] += 1
        return True

    async def short(self) -> None:
        await self.rollback(self._chance.choice((*SHORT, self._world.confirmations + 1)))

    async def long(self) -> None:
        """All that is gone is handed in again, in another order; some of it only when blocks have been made."""
        with open_books(self._world.database) as books:
            known = await asyncio.to_thread(books.newest_transactions)
        if not await self.rollback(self._chance.randint(*self._chance.choice((LONG, LONGER))), keep=False):
            return
        self._chance.shuffle(known)
        for _ in range(PASSES):
            for raw in known:
                await self._hand.submit(raw)
            await asyncio.sleep(self._chance.uniform(0, 0.5))
        self._counts["transactions back in another order"] += len(known)

    async def hide(self) -> None:
        """Some of the newest burns and payments, landed or not."""
        with open_books(self._world.database) as books:
            found = await asyncio.to_thread(books.newest, NEWEST)
        lengths = self._chance.choice((BLINK, BLINK, PAST_EXPIRY, PAST_TWO))
        await self._hide(found[: self._chance.randint(1, NEWEST)], self._chance.uniform(*lengths))

    async def hide_flying(self) -> None:
        """Every burn that is on its way, until it has been given up."""
        if self._hidden:
            return
        with open_books(self._world.database) as books:
            found = await asyncio.to_thread(books.flying)
        await self._hide(found, self._chance.uniform(*PAST_EXPIRY))

    async def _hide(self, names: list[str], seconds: float) -> None:
        if names:
            self._hidden |= dict.fromkeys(names, time.monotonic() + seconds)
            kind = "past an expiry" if seconds >= PAST_EXPIRY[0] else "for a moment"
            self._counts[f"transactions hidden {kind}"] += len(names)
            await self._tell()

    async def show(self, *, everything: bool = False) -> None:
        """What was hidden for long enough."""
        now = time.monotonic()
        left = {} if everything else {name: end for name, end in self._hidden.items() if end > now}
        if left != self._hidden:
            self._hidden = left
            await self._tell()

    async def _tell(self) -> None:
        await self._hand.control("hide", {"transactions": sorted(self._hidden)})
