"""The devnet that a seller brings along: a start that does not come to its end leaves no process of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from paywall import Paywall, Settings, SetupError
from tests.support.processes.devnet import CACHE
from tests.support.processes.seller import free_port
from tests.support.world.loop import in_loop

SECONDS = 60


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a seller with a devnet of its own, whose ledger rules are installed already."""
    (tmp_path / "ledger").symlink_to(CACHE)
    return Settings(data_dir=str(tmp_path), devnet_port=free_port(), devnet_block_seconds=0.1)


def devnets(settings: Settings) -> list[int]:
    """The processes that were started with this seller's folder: the devnet, and its ledger."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if bytes(settings.folder) in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
    return found


async def run(settings: Settings) -> None:
    async with Paywall(settings).running():
        raise AssertionError("it was to be stopped before")


def is_filling(settings: Settings) -> bool:
    """Whether the start has come as far as the custodial wallet: the devnet has started, and is to fill it."""
    return any(settings.folder.glob("*.pem"))


@pytest.mark.parametrize("moment", [devnets, is_filling], ids=["while it starts", "when it has started"])
@in_loop
async def test_a_start_that_is_cancelled_ends_the_devnet_that_it_had_started(
    settings: Settings, moment: Callable[[Settings], object]
) -> None:
    starting = asyncio.create_task(run(settings))
    async with asyncio.timeout(SECONDS):
        while not moment(settings):  # noqa: ASYNC110  another process
            await asyncio.sleep(0.01)
    assert not starting.done()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert devnets(settings) == []


@in_loop
async def test_a_start_that_fails_ends_the_devnet_that_it_had_started(settings: Settings) -> None:
    broken = replace(settings, policy="none", catalog="nowhere.toml")
    with pytest.raises(SetupError) as failed:
        await run(broken)
    assert devnets(settings) == []
    assert "nowhere.toml" in failed.value.detail, "the devnet itself did start"
