"""A sound seller gets over every story in which a planted fault shows (`test_planted.py`)."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.runs.scenarios import SCENARIOS, play
from tests.support.processes.devnet import DevnetProcess


@pytest.mark.chaos
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_sound_seller_gets_over_it(chaotic_devnet: DevnetProcess, tmp_path: Path, scenario: str) -> None:
    assert asyncio.run(play(chaotic_devnet, tmp_path, scenario)) == []
