"""Short stories in which exactly one thing goes wrong: a sound seller gets over each, a planted fault shows."""

import asyncio
from pathlib import Path

from tests.chaos.stories import crashes, payers, strangers, wallet
from tests.chaos.stories.stage import Stage, Story
from tests.support.processes.devnet import DevnetProcess

BLOCK_SECONDS = 0.05
SCENARIOS: dict[str, Story] = {**crashes.STORIES, **wallet.STORIES, **payers.STORIES, **strangers.STORIES}


async def play(devnet: DevnetProcess, folder: Path, scenario: str, plant: str = "") -> list[str]:
    """What is broken after the story, in words."""
    stage = Stage(devnet, folder, plant)
    mining = asyncio.create_task(_mine(stage))
    try:
        await SCENARIOS[scenario](stage)
        return await stage.end()
    finally:
        mining.cancel()
        await stage.close()


async def _mine(stage: Stage) -> None:
    while True:
        if stage.mining:
            await asyncio.to_thread(stage.devnet.blocks)
        await asyncio.sleep(BLOCK_SECONDS)
