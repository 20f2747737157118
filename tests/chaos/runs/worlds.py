"""The kinds of worlds, and some rounds in one of them."""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.faults.menaces import POSTGRES_MEGABYTES, Clock, Disk, small_disk
from tests.chaos.faults.strangers import Strangers
from tests.chaos.runs import report
from tests.chaos.runs.metrics import Metrics
from tests.chaos.runs.rounds import Now, Rounds
from tests.chaos.world import World
from tests.support.processes.devnet import DevnetProcess
from tests.support.services.postgres import Postgres, postgres_in

BLOCK_SECONDS = 0.15
#: a world's chain and tables grow; a fresh one is quick again
ROUNDS_A_WORLD, MENACED_ROUNDS = 5, 2
#: how often images are delivered at once
QUICK = 0.5
KILLS_A_ROUND, ROUND_SECONDS = 40, 40.0
#: where every process starts afresh, which is slow
FEW_KILLS = 8
#: where it is few, a burn is most often final when it is seen for the first time
CONFIRMATIONS = ("2", "6")
#: of a broken world's log
LOG_BYTES = 40_000
#: for PostgreSQL where there is little room
SMALL_LOG = "max_wal_size = 64MB\nmin_wal_size = 32MB\n"
#: half of them over PostgreSQL
KINDS = (
    *("SQLite", "PostgreSQL", "a disk that fills up", "PostgreSQL"),
    *("a clock that jumps", "PostgreSQL", "SQLite", "PostgreSQL on a disk that fills up"),
)
#: gives the process's own server, started when it is first asked for
Server = Callable[[], Postgres]


@dataclass(frozen=True, slots=True)
class WorldOrder:
    """A world to be made: what it draws follows from the run's seed and its number.

    `before` are the kills in other worlds so far; `left` is how many of each are still wanted of the whole run.
    """

    number: int
    seed: int
    kind: str
    before: Counter[str]
    left: int


@dataclass(slots=True)
class Making:
    """A world that is being put together; `stack` takes it apart."""

    order: WorldOrder
    figures: Metrics
    stack: ExitStack
    folder: Path
    chance: random.Random
    postgres: Server
    now: Now | None = None

    def world(self, database_url: str = "") -> World:
        devnet = self.stack.enter_context(DevnetProcess(self.folder / "devnet", BLOCK_SECONDS))
        asked = {"PAYWALL_CONFIRMATIONS": self.chance.choice(CONFIRMATIONS)}
        if self.chance.random() < QUICK:
            asked["CHAOS_QUICK"] = "1"
            self.figures.counts["worlds whose images are a quick resource"] += 1
        return World(devnet, self.folder / "seller", database_url=database_url, **asked)


async def play(order: WorldOrder, figures: Metrics, postgres: Server, tell: Callable[[str], bool]) -> None:
    """Rounds in that world. `tell` hears after each of them, with the log of a broken one, and says whether to go on.

    The folder of a world in which a promise was broken is kept.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{order.number}-"))
    try:
        with ExitStack() as stack:
            chance = random.Random(f"{order.seed}/{order.number}")
            making = Making(order, figures, stack, folder, chance, postgres)
            world = MAKERS.get(order.kind, _plain)(making)
            if world is None:
                return
            world.strangers.append(Strangers(world, chance, figures.counts))
            figures.counts[f"worlds with {order.kind}"] += 1
            await _rounds(Rounds(world, chance, figures, order.before), making, tell)
    finally:
        if not figures.broken:
            shutil.rmtree(folder, ignore_errors=True)


async def _rounds(rounds: Rounds, making: Making, tell: Callable[[str], bool]) -> None:
    world, figures = rounds.world, making.figures
    fresh = "LD_PRELOAD" in world.environment
    try:
        with figures.timing("opening worlds"):
            await (rounds.open(now=making.now) if making.now else rounds.open())
        for _ in range(MENACED_ROUNDS if world.menaces else ROUNDS_A_WORLD):
            left = making.order.left - figures.least
            if left <= 0:
                return
            kills = FEW_KILLS if fresh else KILLS_A_ROUND
            broken = await rounds.round(min(kills, left), ROUND_SECONDS)
            log = f"{making.folder}\n{world.tail(LOG_BYTES)}" if broken else ""
            if not tell("\n".join([*broken, log])) or broken:
                return
    finally:
        await rounds.close()


def _left_out(making: Making, reason: str) -> None:
    report.skip(making.figures, making.order.kind, reason)


def _plain(making: Making) -> World:
    return making.world()


def _postgres(making: Making) -> World:
    return making.world(making.postgres().create())


def _full_disk(making: Making) -> World | None:
    world = making.world()
    if reason := making.stack.enter_context(small_disk(world.data)):
        _left_out(making, reason)
        return None
    world.menaces.append(Disk(world.data, making.chance, making.figures.counts))
    return world


def _postgres_on_a_full_disk(making: Making) -> World | None:
    disk = making.folder / "disk"
    if reason := making.stack.enter_context(small_disk(disk, POSTGRES_MEGABYTES)):
        _left_out(making, reason)
        return None
    postgres = making.stack.enter_context(postgres_in(disk / "postgres", SMALL_LOG))
    world = making.world(postgres.create())
    world.menaces.append(Disk(disk, making.chance, making.figures.counts, postgres.revive))
    return world


def _jumping_clock(making: Making) -> World | None:
    if Clock.library() is None:
        _left_out(making, "libfaketime is not installed (Debian: faketime)")
        return None
    world = making.world()
    clock = Clock(making.folder / "clock", making.chance, making.figures.counts)
    world.environment |= clock.environment
    world.menaces.append(clock)
    making.now = clock.now
    return world


MAKERS: dict[str, Callable[[Making], World | None]] = {
    "PostgreSQL": _postgres,
    "a disk that fills up": _full_disk,
    "PostgreSQL on a disk that fills up": _postgres_on_a_full_disk,
    "a clock that jumps": _jumping_clock,
}
