"""The long form: worlds one after the other, some rounds in each, until there were enough kills."""

import asyncio
import random
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.chaos import processes
from tests.chaos.faults import points
from tests.chaos.faults.menaces import POSTGRES_MEGABYTES, Clock, Disk, small_disk
from tests.chaos.faults.strangers import Strangers
from tests.chaos.runs import report
from tests.chaos.runs.rounds import Metrics, Now, Rounds
from tests.chaos.world import World
from tests.support.processes.devnet import DevnetProcess
from tests.support.services.postgres import postgres_in, running_postgres

BLOCK_SECONDS = 0.15
#: a world's chain and tables grow; a fresh one is quick again. A short run sees more kinds of worlds instead.
ROUNDS_A_WORLD, MANY_CYCLES = 5, 200
KILLS_A_ROUND, ROUND_SECONDS = 14, 45.0
#: where every process starts afresh, which is slow
FEW_KILLS = 4
#: for PostgreSQL where there is little room
SMALL_LOG = "max_wal_size = 64MB\nmin_wal_size = 32MB\n"
#: half of them over PostgreSQL
KINDS = (
    *("SQLite", "PostgreSQL", "a disk that fills up", "PostgreSQL"),
    *("a clock that jumps", "PostgreSQL", "SQLite", "PostgreSQL on a disk that fills up"),
)


def run(*, cycles: int, seed: int | None, only: str, write: bool) -> int:
    """The exit status. `only` is one of `KINDS`, or empty for all in turn."""
    seed = secrets.randbits(32) if seed is None else seed
    print(f"chaos: seed {seed}, {cycles} kills", flush=True)
    processes.preload(processes.WHOLE)
    figures, started = Metrics(), time.monotonic()
    number = 0
    while figures.cycles < cycles and not figures.broken:
        kind = only or KINDS[number % len(KINDS)]
        asyncio.run(_world(kind, random.Random(f"{seed}/{number}"), figures, cycles))
        number += 1
        if write:
            report.write(figures, seed, cycles, time.monotonic() - started)
    print(report.text(figures, seed, cycles, time.monotonic() - started))
    missing = points.uncovered(figures.kills) if cycles >= MANY_CYCLES else []
    return 1 if figures.broken or missing else 0


async def _world(kind: str, chance: random.Random, figures: Metrics, cycles: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        devnet = stack.enter_context(DevnetProcess(folder / "devnet", BLOCK_SECONDS))
        rounds, now = Rounds(World(devnet, folder / "seller"), chance, figures), None
        if kind == "PostgreSQL":
            url = stack.enter_context(running_postgres()).create()
            rounds = Rounds(World(devnet, folder / "seller", database_url=url), chance, figures)
        elif kind == "PostgreSQL on a disk that fills up":
            disk = folder / "disk"
            if reason := stack.enter_context(small_disk(disk, POSTGRES_MEGABYTES)):
                report.skip(figures, kind, reason)
                return
            postgres = stack.enter_context(postgres_in(disk / "postgres", SMALL_LOG))
            rounds = Rounds(World(devnet, folder / "seller", database_url=postgres.create()), chance, figures)
            rounds.world.menaces.append(Disk(disk, chance, figures.counts, postgres.revive))
        elif kind == "a disk that fills up":
            if reason := stack.enter_context(small_disk(rounds.world.data)):
                report.skip(figures, kind, reason)
                return
            rounds.world.menaces.append(Disk(rounds.world.data, chance, figures.counts))
        elif kind == "a clock that jumps":
            if Clock.library() is None:
                report.skip(figures, kind, "libfaketime is not installed (Debian: faketime)")
                return
            clock = Clock(folder / "clock", chance, figures.counts)
            rounds.world.environment |= clock.environment
            rounds.world.menaces.append(clock)
            now = clock.now
        rounds.world.strangers.append(Strangers(rounds.world, chance, figures.counts))
        figures.counts[f"worlds with {kind}"] += 1
        await _rounds(rounds, figures, cycles, now)


async def _rounds(rounds: Rounds, figures: Metrics, cycles: int, now: Now | None) -> None:
    count = ROUNDS_A_WORLD if cycles >= MANY_CYCLES and not rounds.world.menaces else 1
    try:
        await (rounds.open(now=now) if now else rounds.open())
        for _ in range(count):
            fresh = "LD_PRELOAD" in rounds.world.environment
            broken = await rounds.round(FEW_KILLS if fresh else KILLS_A_ROUND, ROUND_SECONDS)
            print(report.line(figures), flush=True)
            if broken:
                print(*broken, rounds.world.tail(), sep="\n", file=sys.stderr, flush=True)
            if broken or figures.cycles >= cycles:
                return
    finally:
        await rounds.close()
