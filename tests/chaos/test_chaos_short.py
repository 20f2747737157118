"""A short run of the harness in every `make test`: a few kills on each database, with everything else going wrong."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.chaos.faults import saboteur
from tests.chaos.runs.metrics import Metrics
from tests.chaos.runs.rounds import Rounds
from tests.chaos.runs.worlds import BLOCK_SECONDS
from tests.chaos.world import World
from tests.support.processes.devnet import DevnetProcess

SEED = 20
KILLS, SECONDS = 5, 12.0


def test_nothing_is_lost_or_doubled_whoever_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Index gaps, long forks and another program with the key wait for expiries; the campaign has the time for them.
    monkeypatch.setattr(saboteur, "OFTEN", {"fault": 52, "short": 24})
    figures = Metrics()

    async def story() -> None:
        with DevnetProcess(block_seconds=BLOCK_SECONDS) as devnet:
            rounds = Rounds(World(devnet, tmp_path / "seller"), random.Random(SEED), figures)
            try:
                await rounds.open()
                await rounds.round(KILLS, SECONDS)
            finally:
                await rounds.close()

    asyncio.run(story())
    print(figures.kills, figures.counts)
    assert figures.broken == []
    assert figures.cycles > 0


@pytest.mark.chaos
def test_several_processes_on_one_postgresql_lose_and_double_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    figures = Metrics()

    async def story() -> None:
        with DevnetProcess(block_seconds=BLOCK_SECONDS) as devnet:
            world = World(devnet, tmp_path / "seller", database_url=postgres_url)
            rounds = Rounds(world, random.Random(SEED), figures)
            try:
                await rounds.open()
                await rounds.round(KILLS, SECONDS)
            finally:
                await rounds.close()

    asyncio.run(story())
    assert figures.broken == []
    assert figures.cycles > 0
