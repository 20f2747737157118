"""The bound on the burns that wait holds while they are counted, too."""

import asyncio

import pytest

from paywall.burns.backlog import Backlog
from tests.support.world.loop import in_loop


async def said(waiting: int) -> int:
    return waiting


@in_loop
async def test_what_is_captured_while_the_burns_are_counted_stays_counted() -> None:
    backlog, answer = Backlog(10), asyncio.get_running_loop().create_future()
    for _ in range(3):
        backlog.added()
    counting = asyncio.create_task(backlog.count(answer))
    await asyncio.sleep(0)  # it counts
    for _ in range(2):
        backlog.added()
    answer.set_result(3)
    await counting
    assert (backlog.is_full(4), backlog.is_full(5)) == (False, True)
    await backlog.count(said(5))
    assert (backlog.is_full(4), backlog.is_full(5)) == (False, True), "it has seen them by now"


@in_loop
async def test_a_count_that_fails_forgets_nothing() -> None:
    async def fails() -> int:
        backlog.added()
        raise OSError

    backlog = Backlog(2)
    backlog.added()
    with pytest.raises(OSError):  # noqa: PT011
        await backlog.count(fails())
    assert backlog.is_full(0)
    await backlog.count(said(0))
    assert not backlog.is_full(1)
