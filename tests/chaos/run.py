"""The long form: worlds one after the other, some rounds in each, until there were enough kills."""

import asyncio
import random
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.chaos import points, processes, report
from tests.chaos.rounds import Figures, Rounds
from tests.chaos.world import World
from tests.devnet_process import DevnetProcess
from tests.postgres import running_postgres

BLOCK_SECONDS = 0.15
#: a world's chain and tables grow; a fresh one is quick again
ROUNDS_A_WORLD = 5
KILLS_A_ROUND, ROUND_SECONDS = 14, 60.0
#: every so many worlds one stands on PostgreSQL, with two serves and two workers
POSTGRES_EVERY = 4


def run(*, cycles: int, seed: int | None, database: str, write: bool) -> int:
    """The exit status."""
    seed = secrets.randbits(32) if seed is None else seed
    print(f"chaos: seed {seed}, {cycles} kills", flush=True)
    processes.preload(processes.WHOLE)
    figures, started = Figures(), time.monotonic()
    number = 0
    while figures.cycles < cycles and not figures.broken:
        on_postgres = database == "postgresql" or (database == "both" and number % POSTGRES_EVERY == 1)
        chance = random.Random(f"{seed}/{number}")
        asyncio.run(_world(chance, figures, cycles, postgres=on_postgres))
        number += 1
        if write:
            report.write(figures, seed, cycles, time.monotonic() - started)
    print(report.text(figures, seed, cycles, time.monotonic() - started))
    return 1 if figures.broken or (cycles >= len(points.names()) * 10 and points.uncovered(figures.kills)) else 0


async def _world(chance: random.Random, figures: Figures, cycles: int, *, postgres: bool) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        url = stack.enter_context(running_postgres()).create() if postgres else ""
        devnet = stack.enter_context(DevnetProcess(folder / "devnet", BLOCK_SECONDS))
        rounds = Rounds(World(devnet, folder / "seller", database_url=url), chance, figures)
        figures.counts["worlds on PostgreSQL" if postgres else "worlds on SQLite"] += 1
        try:
            await rounds.open()
            for _ in range(ROUNDS_A_WORLD):
                broken = await rounds.round(KILLS_A_ROUND, ROUND_SECONDS)
                print(report.line(figures), flush=True)
                if broken:
                    print(*broken, sep="\n", file=sys.stderr, flush=True)
                if broken or figures.cycles >= cycles:
                    return
        finally:
            await rounds.close()
