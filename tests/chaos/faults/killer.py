"""Kills the seller's processes at failpoints: some at the one where fewest were, the others wherever they are soon."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tests.chaos.faults import points
from tests.chaos.processes import Running
from tests.chaos.runs.metrics import Metrics
from tests.chaos.serve import ANY
from tests.chaos.world import Slot, World

KILLED = -9
#: failpoint → what the saboteur does, so that the process comes there at all
PROVOCATIONS = {
    "burn.lost": "shallow",
    "recover.resubmitting": "shallow",
    "recover.parking": "deep",
    "recover.parked": "deep",
    "recover.replacing": "lose",
    "recover.voiding": "lose",
    "recover.failing": "refuse",
    "recover.adopting": "hide",
    "recover.adopted": "hide",
    "recover.reversing": "cheat",
}
#: what must have been left behind by a death at another failpoint
PRELUDES = {"recover.sweeping": "redeem.made"}
SLOW = ("lose", "deep", "shallow", "hide", "cheat")
#: seconds until a process that does not come to its failpoint is killed at any, and until it is killed where it is
PATIENCE, LONG_PATIENCE, LAST_SECONDS = 4.0, 12.0, 2.0
#: how many are aimed at one failpoint; the others die at the nth that they pass
AIMED, PASSED = 0.35, (1, 20)
LOOK_SECONDS = 0.02
#: the command `burns resume` comes there, no process that serves
BY_COMMAND = ("recover.resuming",)
WORKERS_OWN = ("burn.", "recover.a", "recover.p", "recover.re", "recover.s", "recover.v")
FAIL_EVERY = "3"
#: of the processes that share a wallet so many fall asleep, for longer than a lease holds
PAUSED, AWAKE_SECONDS, PAUSE_SECONDS = 0.2, (1.0, 3.0), 4.0
#: the last to be chosen when nothing comes there
FRUITLESS = 1


class Killer:
    """Counts kills by failpoint, and those wherever a process happened to be.

    `before` are the kills of other worlds: what was hit there need not be aimed at here.
    """

    def __init__(
        self,
        world: World,
        chance: random.Random,
        figures: Metrics,
        wishes: Counter[str],
        before: Counter[str],
    ) -> None:
        self._world = world
        self._chance = chance
        self._wishes = wishes
        self._before = before
        self._fruitless: Counter[str] = Counter()
        self._figures = figures
        self.complaints: list[str] = []

    async def run(self, slot: Slot, stop: asyncio.Event, between: Callable[[], Awaitable[None]]) -> None:
        """Starts the slot's process armed, again and again; `between` runs while it is dead."""
        while not stop.is_set():
            point = self._choose(slot)
            if point in PRELUDES:
                await self.one(slot, PRELUDES[point], 1, stop)
            await self.one(slot, point, self._nth(point), stop)
            await between()

    def _nth(self, point: str) -> int:
        if point == ANY:
            return self._chance.randint(*PASSED)
        rare = point in PROVOCATIONS or point.startswith("recover.")
        return 1 if rare else self._chance.randint(1, 2)

    async def one(self, slot: Slot, point: str, nth: int, stop: asyncio.Event) -> None:
        """One cycle."""
        wish = PROVOCATIONS.get(point, "none")
        slow = wish in SLOW or point in PRELUDES or "LD_PRELOAD" in self._world.environment
        patience = LONG_PATIENCE if slow else PATIENCE
        note = self._world.folder / f"{slot.port}.died-at"
        note.unlink(missing_ok=True)
        armed = {"CHAOS_FAILPOINT": f"{point}:{nth}", "CHAOS_PATIENCE": str(patience)}
        self._wishes[wish] += 1
        try:
            running = self._world.start(slot, **armed, CHAOS_DIED_AT=str(note), CHAOS_FAIL_IMAGES=FAIL_EVERY)
            if len(self._world.slots) > 1 and self._chance.random() < PAUSED:
                await self._pause(running, stop)
            status = await _end(running, patience + LAST_SECONDS, stop)
        finally:
            self._wishes[wish] -= 1
        died_at = note.read_text("utf-8") if status is not None and note.exists() else ""
        if point not in {ANY, died_at}:
            self._fruitless[point] += 1
        if status is None:
            running.kill()
            running.wait(10)
            self._figures.counts["kills at any moment"] += 1
        elif died_at:
            self._figures.kills[died_at] += 1
        elif self._world.excuses():
            self._figures.counts["starts refused on a full disk"] += 1
        else:
            self.complaints.append(f"9: a process ended by itself with {status}: {self._world.tail(1500)}")

    async def _pause(self, running: Running, stop: asyncio.Event) -> None:
        """Asleep until its lease of the wallet is another's; then it wakes up in the middle of what it did."""
        if await _end(running, self._chance.uniform(*AWAKE_SECONDS), stop) is None:
            with suppress(ProcessLookupError):  # it died at its failpoint just now
                os.kill(running.pid, signal.SIGSTOP)
                await asyncio.sleep(PAUSE_SECONDS)
                os.kill(running.pid, signal.SIGCONT)
            self._figures.counts["processes paused beyond their lease"] += 1

    def _choose(self, slot: Slot) -> str:
        # A worker that dies wherever it is soon would never come as far as a burn.
        if slot.command != "worker" and self._chance.random() > AIMED:
            return ANY
        names = [name for name in points.names() if name not in BY_COMMAND]
        if slot.command == "worker":
            names = [name for name in names if name.startswith(WORKERS_OWN)]
        self._chance.shuffle(names)
        hits = self._before + self._figures.kills
        names.sort(key=lambda name: hits[name] + FRUITLESS * self._fruitless[name])
        return self._chance.choice(names[:4])


async def _end(running: Running, seconds: float, stop: asyncio.Event) -> int | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not stop.is_set():
        if (status := running.status) is not None:
            return status
        await asyncio.sleep(LOOK_SECONDS)
    return None
