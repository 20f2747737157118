"""The offline image maker's processes."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from paywall.products.images.maker import ImageMaker, MakerFailed, Subject
from paywall.products.images.offline import MODULE, MOST, OfflineImageMaker
from paywall.products.images.poster.sheet import draw
from tests.support.world.asking_makers import LIGHTHOUSE, LINCOLN, ask, with_maker

ROOT = Path(__file__).parents[3]


def drawing(parent: int) -> list[int]:
    """The process ids of those that draw for `parent`."""
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    ).stdout
    return [int(line.split()[0]) for line in found.splitlines() if MODULE in line]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_subject_gives_the_same_bytes_in_another_process(
    monkeypatch: pytest.MonkeyPatch, seed: str
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", seed)
    assert with_maker(OfflineImageMaker, lambda maker: ask(maker, LIGHTHOUSE)).data == draw(LIGHTHOUSE)


def test_the_event_loop_goes_on_while_a_poster_is_drawn() -> None:
    async def turns(maker: ImageMaker) -> int:
        picture = asyncio.create_task(ask(maker, LINCOLN))
        count = 0
        while not picture.done():
            await asyncio.sleep(0)
            count += 1
        return count

    assert with_maker(OfflineImageMaker, turns) > 50


def test_a_process_that_is_killed_costs_no_picture() -> None:
    async def killed(maker: ImageMaker) -> None:
        await ask(maker, LINCOLN)
        (first,) = drawing(os.getpid())
        os.kill(first, signal.SIGSTOP)
        picture = asyncio.create_task(ask(maker, LINCOLN))
        await asyncio.sleep(0)
        os.kill(first, signal.SIGKILL)
        assert (await picture).data == draw(LINCOLN)

    with_maker(OfflineImageMaker, killed)


def test_one_that_is_killed_while_idle_is_replaced() -> None:
    async def killed(maker: ImageMaker) -> None:
        await ask(maker, LINCOLN)
        (first,) = drawing(os.getpid())
        os.kill(first, signal.SIGKILL)
        assert (await ask(maker, LIGHTHOUSE)).data == draw(LIGHTHOUSE)

    with_maker(OfflineImageMaker, killed)


def test_where_no_process_stays_alive_the_maker_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paywall.products.images.offline.MODULE", "this")  # the Zen of Python, and it ends

    async def fails(maker: ImageMaker) -> None:
        with pytest.raises(MakerFailed, match="ends before the poster is there") as failed:
            await ask(maker, LINCOLN)
        assert failed.value.retryable

    with_maker(OfflineImageMaker, fails)


def test_a_picture_that_is_given_up_is_not_the_next_ones() -> None:
    async def given_up(maker: ImageMaker) -> None:
        await ask(maker, LINCOLN)
        picture = asyncio.create_task(ask(maker, LINCOLN))
        await asyncio.sleep(0)
        picture.cancel()
        with pytest.raises(asyncio.CancelledError):
            await picture
        assert (await ask(maker, LIGHTHOUSE)).data == draw(LIGHTHOUSE)

    with_maker(OfflineImageMaker, given_up)


def test_none_is_left_when_the_maker_is_closed() -> None:
    async def use(maker: ImageMaker) -> None:
        await asyncio.gather(*(ask(maker, LINCOLN) for _ in range(3)))
        assert drawing(os.getpid())

    with_maker(OfflineImageMaker, use)
    assert not drawing(os.getpid())


def test_a_maker_that_is_closed_stays_closed() -> None:
    async def close(maker: ImageMaker) -> None:
        await ask(maker, LINCOLN)
        await maker.aclose()
        with pytest.raises(MakerFailed, match="closed"):
            await ask(maker, LINCOLN)
        assert not drawing(os.getpid())

    with_maker(OfflineImageMaker, close)


@pytest.mark.parametrize("turns", [0, 1, 2, 4, 8, 16])
def test_who_draws_or_waits_when_the_maker_is_closed_starts_no_process_behind_it(turns: int) -> None:
    """However far the start of a process has come."""

    async def close(maker: ImageMaker) -> None:
        pictures = [asyncio.create_task(ask(maker, LINCOLN)) for _ in range(MOST + 2)]
        for _ in range(turns):
            await asyncio.sleep(0)
        await maker.aclose()
        assert not drawing(os.getpid())
        told = await asyncio.gather(*pictures, return_exceptions=True)
        assert {type(one) for one in told} == {MakerFailed}
        assert not drawing(os.getpid())

    with_maker(OfflineImageMaker, close)


def test_they_end_with_a_server_that_is_killed() -> None:
    code = """
import asyncio, os, signal
from tests.support.world.asking_makers import LINCOLN, ask
from tests.unit.images.test_images_processes import drawing
from paywall.products.images.offline import OfflineImageMaker

async def main():
    await ask(OfflineImageMaker(), LINCOLN)
    print(*drawing(os.getpid()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
    # This returns when the last who has the pipe of the errors has ended: the server, and what it started.
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    assert int(done.stdout)


def test_a_prompt_of_any_length_reaches_the_process_whole() -> None:
    long = Subject("prompt", "\u5c71\n" * 500)
    assert with_maker(OfflineImageMaker, lambda maker: ask(maker, long)).data == draw(long)
