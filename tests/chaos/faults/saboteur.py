"""Faults of the chain, chosen by chance: submits that go wrong, forks, gaps in the index, others at the wallet."""

import asyncio
import random
from collections import Counter

from tests.chaos.faults.chain_hand import UNKNOWN, ChainHand
from tests.chaos.faults.cheat import Cheat
from tests.chaos.faults.forks import Forks
from tests.chaos.faults.wallet_hands import WalletHands
from tests.chaos.runs.books import open_books
from tests.chaos.runs.metrics import Metrics
from tests.chaos.world import World

FAULTS = (*UNKNOWN, *UNKNOWN, "refuse", "lose")
PAUSE = (0.05, 0.25)
TIMES, MANY = (1, 8), 1000
#: how many acts are what is wished for, while something is
HEEDED = 0.5
#: how many acts are what there were too few of
CATCHING_UP = 0.6
BALANCED = {"short": "rollbacks", "unknown": "unknown submits"}
#: of a hundred acts; of the others, nothing is done
OFTEN = {"fault": 52, "short": 24, "hide": 6, "move": 4, "dust": 3, "cheat": 1, "long": 1}
#: provocation → the state of a burn batch that is rolled back as soon as it is reached
AIMS = {"deep": "confirmed", "shallow": "seen"}
AIMING_LOOKS = 25


class Saboteur:
    """`wishes` are provocations (`killer.py`) that take the place of chance. All it does comes one after the other."""

    def __init__(self, world: World, chance: random.Random, figures: Metrics) -> None:
        counts = figures.counts
        self._world = world
        self._chance = chance
        self._figures = figures
        self._hand = ChainHand(world.devnet, counts)
        self.forks = Forks(world, chance, counts, self._hand)
        self._others = WalletHands(world, chance, counts, self._hand)
        self._cheat = Cheat(world, chance, counts, self._hand, self.forks)
        self.wishes: Counter[str] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.forks.show()
            await self._one()
            await asyncio.sleep(self._chance.uniform(*PAUSE))
        await self.end()

    async def end(self) -> None:
        """No fault is left."""
        await self._hand.clear_fault()
        await self.forks.show(everything=True)

    async def aclose(self) -> None:
        await self._others.aclose()

    async def _one(self) -> None:
        if self._chance.random() > HEEDED:
            return await self._by_chance()
        if self.wishes["cheat"]:
            return await self._cheat.act()
        if self.wishes["hide"]:
            return await self.forks.hide_flying()
        if self.wishes["lose"]:
            return await self._hand.set_fault("lose", MANY, 0)
        if self.wishes["refuse"]:
            return await self._hand.set_fault("refuse", 1, 0)
        for wish, state in AIMS.items():
            if self.wishes[wish]:
                return await self._aimed(state)
        return await self._by_chance()

    def _kind(self) -> str:
        """By chance; but neither rollbacks nor unknown submits fall behind the kills."""
        done = {kind: self._figures.counts[name] for kind, name in BALANCED.items()}
        least = min(done, key=lambda kind: done[kind])
        if done[least] < self._figures.cycles and self._chance.random() < CATCHING_UP:
            return least
        (kind,) = self._chance.choices([*OFTEN, "nothing"], [*OFTEN.values(), 100 - sum(OFTEN.values())])
        return kind

    async def _by_chance(self) -> None:
        match self._kind():
            case "fault":
                delay = self._chance.choice((0, 0, 20, 200))
                await self._hand.set_fault(self._chance.choice(FAULTS), self._chance.randint(*TIMES), delay)
            case "unknown":
                await self._hand.set_fault(self._chance.choice(UNKNOWN), MANY, 0)
            case "short":
                await self.forks.short()
            case "long":
                await self.forks.long()
            case "hide":
                await self.forks.hide()
            case "move":
                await self._others.move()
            case "dust":
                await self._others.dust()
            case "cheat":
                await self._cheat.act()

    async def _aimed(self, state: str) -> None:
        """Takes back the newest block with a burn that the seller has just found to be in that state."""
        for _ in range(AIMING_LOOKS):
            found = await asyncio.to_thread(self._highest, state)
            height = int((await self._hand.control("status", method="GET"))["height"])
            depth = 0 if found is None else height - found + 1
            if depth in self._aimed_depths(state):
                await self.forks.rollback(depth, keep=False)
                return
            await asyncio.sleep(0.04)

    def _aimed_depths(self, state: str) -> range:
        """How deep such a burn must be: a confirmed one is beyond what we ask, and so will be parked."""
        asked = self._world.confirmations
        return range(asked + 1, asked + 5) if state == "confirmed" else range(1, asked + 1)

    def _highest(self, state: str) -> int | None:
        with open_books(self._world.database) as books:
            return books.highest_block(state)
