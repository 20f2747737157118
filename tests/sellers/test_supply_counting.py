"""What the tokens cover is counted beside the sales; only near the edge a sale waits for it."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from paywall.burns.wallet.coverage import COUNT_SECONDS, OLDEST_SECONDS
from paywall.database.engine import TransactFn
from paywall.errors import StorageUnavailable
from tests.support.world.loop import in_loop
from tests.support.world.seller import Seller, Selling

SUPPLY = 50
#: a hang is to be told as one
SECONDS = 20


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One of both: what is counted stands in `test_supply_edge.py`."""
    return f"sqlite:///{tmp_path / 'paywall.db'}"


class Counting:
    """The clock of the counts; each waits while it is held, and fails while it is to."""

    def __init__(self, seller: Seller, monkeypatch: pytest.MonkeyPatch) -> None:
        assert seller.parts.coverage is not None
        self.seller, self.coverage = seller, seller.parts.coverage
        self.now, self.count, self.fails = 1_800_000_000, 0, False
        self.began, self._go_on = asyncio.Event(), asyncio.Event()
        self._go_on.set()
        self._database_read = seller.parts.database.read
        monkeypatch.setattr(self.coverage, "_clock", lambda: self.now)
        monkeypatch.setattr(seller.parts.database, "read", self._read)

    async def _read(self, fn: TransactFn[Any]) -> Any:
        if fn != self.coverage._read:
            return await self._database_read(fn)
        self.count += 1
        self.began.set()
        await self._go_on.wait()
        if self.fails:
            raise StorageUnavailable
        return await self._database_read(fn)

    def hold(self) -> None:
        self.began.clear()
        self._go_on.clear()

    async def go_on(self) -> None:
        """The count that is held comes to its end."""
        self._go_on.set()
        if self.coverage._counting is not None:
            await asyncio.wait([self.coverage._counting])

    async def at_edge(self, askers: int) -> None:
        """Until so many wait for what decides."""
        async with asyncio.timeout(SECONDS):
            while self.coverage._at_edge < askers:  # noqa: ASYNC110  production needs no event for it
                await asyncio.sleep(0)

    async def ask(self, credits: int) -> int:
        async with asyncio.timeout(SECONDS):
            return (await self._asked(credits)).status_code

    def begin(self, credits: int) -> "asyncio.Task[int]":
        return asyncio.create_task(self.ask(credits))

    def _asked(self, credits: int) -> Coroutine[Any, Any, httpx.Response]:
        return self.seller.http.post("/api/images/buy", json={"credits": credits})


async def opened(seller: Seller, monkeypatch: pytest.MonkeyPatch) -> Counting:
    """Counted once, a moment ago; nothing asked for since."""
    counting = Counting(seller, monkeypatch)
    assert await counting.coverage.left() == SUPPLY
    counting.count = 1  # a record without tokens was looked after, and counted again
    return counting


@in_loop
async def test_sales_go_on_while_one_count_runs_and_what_they_were_for_counts_after_it(
    selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with selling(supply=SUPPLY) as seller:
        counting = await opened(seller, monkeypatch)
        assert await counting.ask(10) == 402
        assert counting.count == 1
        counting.now += COUNT_SECONDS
        counting.hold()
        assert await counting.ask(10) == 402
        await counting.began.wait()
        assert [await counting.ask(10) for _ in range(2)] == [402] * 2
        await counting.go_on()
        assert counting.count == 2, "one for all"
        assert await counting.ask(SUPPLY - 20) == 402
        assert counting.count == 2
        assert await counting.ask(1) == 402
        assert counting.count == 3, (
            "20 and 30 were asked for since the second began: it leaves none for certain"
        )


@pytest.mark.parametrize(("later", "credits"), [(0, SUPPLY - 9), (OLDEST_SECONDS, 1)])
@in_loop
async def test_near_the_edge_and_on_an_old_figure_a_sale_waits_for_a_fresh_count(
    selling: Selling, monkeypatch: pytest.MonkeyPatch, later: int, credits: int
) -> None:
    async with selling(supply=SUPPLY) as seller:
        counting = await opened(seller, monkeypatch)
        assert await counting.ask(10) == 402
        counting.now += later
        counting.hold()
        waits = counting.begin(credits)
        await counting.began.wait()
        beside = counting.begin(1)
        await counting.at_edge(2)  # who comes meanwhile does not take what the count is for
        await counting.go_on()
        assert (await waits, await beside) == (402, 402)
        assert counting.count == 2


@in_loop
async def test_a_count_that_takes_its_time_is_still_the_only_one(
    selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with selling(supply=SUPPLY) as seller:
        counting = await opened(seller, monkeypatch)
        counting.hold()
        for seconds in range(COUNT_SECONDS, OLDEST_SECONDS, COUNT_SECONDS):
            counting.now += COUNT_SECONDS
            assert await counting.ask(1) == 402, f"{seconds} seconds old"
            await counting.began.wait()
        counting.now += COUNT_SECONDS
        waits = [counting.begin(1) for _ in range(2)]
        await counting.at_edge(2)
        assert counting.count == 2
        await counting.go_on()
        assert [await one for one in waits] == [402, 402]


@in_loop
async def test_a_count_that_began_before_is_not_enough_for_who_asks_for_more_than_it_leaves(
    selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with selling(supply=SUPPLY) as seller:
        counting = await opened(seller, monkeypatch)
        counting.now += COUNT_SECONDS
        counting.hold()
        assert await counting.ask(10) == 402
        await counting.began.wait()
        assert await counting.ask(30) == 402
        more = counting.begin(SUPPLY - 20)
        await counting.at_edge(1)
        await counting.go_on()
        assert await more == 402
        assert counting.count == 3


@in_loop
async def test_who_is_refused_at_one_time_is_refused_by_one_count(
    selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with selling(supply=SUPPLY) as seller:
        counting = await opened(seller, monkeypatch)
        counting.now += 1
        asked = [counting.ask(SUPPLY + 1) for _ in range(10)]
        assert await asyncio.gather(*asked) == [503] * 10
        assert counting.count == 2
        assert await counting.ask(SUPPLY) == 402


@in_loop
async def test_a_count_that_fails_is_told_to_who_waits_for_it_and_else_logged_once(
    selling: Selling, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[str]:
        return [one.getMessage() for one in caplog.records if "cannot be counted" in one.getMessage()]

    async with selling(supply=SUPPLY) as seller:
        counting = await opened(seller, monkeypatch)
        counting.fails = True
        counting.now += OLDEST_SECONDS
        assert [await counting.ask(1) for _ in range(2)] == [503, 503], "the figure is too old to be believed"
        counting.fails = False
        assert await counting.ask(1) == 402
        assert told() == []
        counting.fails, counting.count = True, 0
        for _ in range(3):
            counting.now += COUNT_SECONDS
            assert [await counting.ask(1) for _ in range(2)] == [402, 402]
            await counting.go_on()
        assert (counting.count, len(told())) == (3, 1), "each tried once, told once"


@in_loop
async def test_closing_ends_the_count_and_no_other_begins(
    selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with selling(supply=SUPPLY) as seller:
        counting = await opened(seller, monkeypatch)
        counting.now += OLDEST_SECONDS
        counting.hold()
        waits = counting.begin(1)
        await counting.began.wait()
        async with asyncio.timeout(SECONDS):
            await counting.coverage.aclose()
        assert await waits == 503
        assert await counting.ask(1) == 503
        ended = counting.coverage._counting
        counting.now += COUNT_SECONDS
        counting.coverage._counted_at = counting.now - COUNT_SECONDS
        assert await counting.ask(1) == 402, "what it knows is good for its time"
        assert counting.coverage._counting is ended
        await counting.coverage.aclose()


@in_loop
async def test_a_seller_that_closes_leaves_no_count_behind(
    selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with selling(supply=SUPPLY) as seller:
        counting = await opened(seller, monkeypatch)
        counting.now += COUNT_SECONDS
        counting.hold()
        assert await counting.ask(1) == 402
        await counting.began.wait()
        held = counting.coverage._counting
        monkeypatch.undo()
    assert held is not None
    assert held.cancelled()
