"""A harness that finds nothing proves nothing: each planted fault must be caught. Sound sellers: `test_stories.py`."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.planted import PLANTS
from tests.chaos.runs.scenarios import play
from tests.support.processes.devnet import DevnetProcess

#: in `make test` too; the others in `make chaos`
QUICK = (
    "capture and burn in two commits",
    "burn submitted before it is stored",
    "an idempotency key is not heeded",
)


def _param(name: str, *, quick: bool) -> object:
    return pytest.param(name, id=name, marks=() if quick else pytest.mark.chaos)


@pytest.mark.parametrize("name", [_param(name, quick=name in QUICK) for name in PLANTS])
def test_a_planted_fault_is_caught(chaotic_devnet: DevnetProcess, tmp_path: Path, name: str) -> None:
    broken = asyncio.run(play(chaotic_devnet, tmp_path, PLANTS[name].scenario, plant=name))
    said = {line.removeprefix("BROKEN").strip().partition("  ")[0].partition(":")[0] for line in broken}
    assert PLANTS[name].breaks in said, broken
