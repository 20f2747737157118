"""Short stories in which exactly one thing goes wrong: a sound seller gets over each, a planted fault shows."""

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path

from buyer.errors import BuyerError
from tests.chaos.buyers import COIN, COINS, ChaosBuyer
from tests.chaos.faults.killer import KILLED
from tests.chaos.runs import verdict
from tests.chaos.runs.books import open_books
from tests.chaos.world import CONFIRMATIONS, World, fund
from tests.support.processes.devnet import DevnetProcess

BLOCK_SECONDS = 0.05
#: in which a worker looks at the chain twice
LOOKS_SECONDS = 0.6
NO_BLOCK_SECONDS = 2.5
#: no burn expires in these stories: what cannot land is not made good by new bytes
EXPIRY_SLOTS = 600
STORY_SECONDS, FINISH_SECONDS, QUIET_SECONDS = 15.0, 5.0, 4.0
CREDITS, IMAGES = 3, 2


class Stage:
    """One seller, one buyer, and a devnet whose blocks are made here."""

    def __init__(self, devnet: DevnetProcess, folder: Path, plant: str = "") -> None:
        settings = {"CHAOS_EXPIRY_SLOTS": str(EXPIRY_SLOTS), **({"CHAOS_PLANT": plant} if plant else {})}
        self.world = World(devnet, folder, **settings)
        self.devnet = devnet
        self.mining = True
        self.buyer: ChaosBuyer
        self.buying: asyncio.Task[None]

    async def open(self, **environment: str) -> None:
        (slot,) = self.world.slots
        await self.world.start_all(**environment)
        self.buyer = ChaosBuyer(slot.url, self.world.folder / "buyer", random.Random(1), Counter())
        self.buyer.wire.faulty = False
        await asyncio.to_thread(fund, self.devnet, [self.buyer.wallet.address], COIN, COINS)
        self.world.found()

    def buy(self) -> None:
        self.buying = asyncio.create_task(self.buyer.once(CREDITS, IMAGES))

    async def until(self, happened: Callable[[], object], what: str) -> None:
        """Until something is true; AssertionError after `STORY_SECONDS`."""
        deadline = time.monotonic() + STORY_SECONDS
        while not await asyncio.to_thread(happened):
            assert time.monotonic() < deadline, f"never came: {what}\n{self.world.tail()}"
            await asyncio.sleep(0.02)

    def killed(self) -> bool:
        running = self.world.slots[0].running
        return running is not None and running.status == KILLED

    def count(self, table: str, state: str = "") -> int:
        """How many rows, of that state."""
        query = f"SELECT count(*) FROM {table}" + (f" WHERE state = '{state}'" if state else "")
        with closing(sqlite3.connect(self.world.data / "paywall.db")) as db:
            return int(db.execute(query).fetchone()[0])

    async def restart(self) -> None:
        self.world.kill_all()
        await self.world.start_all()

    async def end(self) -> list[str]:
        """The buyer finishes, the seller comes to rest; every broken promise."""
        self.mining = True
        with suppress(BuyerError, TimeoutError):
            await asyncio.wait_for(self.buying, FINISH_SECONDS)
        try:
            await self.buyer.finish(FINISH_SECONDS)
        except TimeoutError:
            with open_books(self.world.database) as books:
                left = books.under_way()
            return [
                "7: the buyer cannot finish what it began",
                *([f"9: there is still: {left}"] if left else []),
            ]
        with open_books(self.world.database) as books:
            await verdict.await_quiet(books, QUIET_SECONDS, forgive=("parked",))
            parked = books.under_way().get("parked")
        if parked:
            self.world.kill_all()
            await self.world.command("burns", "resume")
            await self.world.start_all()
        return await verdict.judge(self.world, [self.buyer], seconds=QUIET_SECONDS)

    async def close(self) -> None:
        self.world.kill_all()
        if hasattr(self, "buyer"):
            await self.buyer.aclose()


async def _killed_at(stage: Stage, point: str) -> None:
    await stage.open(CHAOS_FAILPOINT=f"{point}:1")
    stage.buy()
    await stage.until(stage.killed, f"a kill at {point}")
    await stage.restart()


async def _killed_while_sweeping(stage: Stage) -> None:
    await _killed_at(stage, "redeem.reserved")
    stage.world.kill_all()
    stage.world.start(stage.world.slots[0], CHAOS_FAILPOINT="recover.sweeping:1")
    await stage.until(stage.killed, "a kill at recover.sweeping")
    await stage.restart()


async def _killed_after_the_402(stage: Stage) -> None:
    await stage.open()
    stage.buy()
    await stage.until(stage.buyer.payments, "a signed payment")
    await stage.restart()


async def _no_block_for_long(stage: Stage) -> None:
    await stage.open(PAYWALL_BATCH_SIZE="1")  # so that there is a second batch beside the first
    stage.buy()
    await stage.until(stage.buyer.receipts, "a receipt")
    stage.mining = False
    await stage.until(lambda: stage.count("burn_attempt"), "a signed burn")
    await asyncio.sleep(NO_BLOCK_SECONDS)


async def _payment_rolled_back(stage: Stage) -> None:
    await stage.open()
    stage.mining = False
    stage.buy()
    await stage.until(stage.devnet.mempool, "a payment in the mempool")
    stage.devnet.blocks()
    await asyncio.sleep(LOOKS_SECONDS)
    stage.devnet.rollback(1)


async def _burn_rolled_back(stage: Stage, state: str, **environment: str) -> None:
    await stage.open(**environment)
    stage.buy()
    await stage.until(stage.buyer.receipts, "a receipt")
    stage.mining = False
    await stage.until(lambda: stage.count("burn_batch", "submitted"), "a submitted burn")
    await asyncio.sleep(LOOKS_SECONDS)
    stage.devnet.blocks(CONFIRMATIONS if state == "confirmed" else 1)
    await stage.until(lambda: stage.count("burn_batch", state), f"a {state} burn")
    stage.devnet.rollback(CONFIRMATIONS if state == "confirmed" else 1)
    await asyncio.sleep(LOOKS_SECONDS)  # so that it is seen before anybody is asked whether all is quiet


async def _killed_when_it_is_lost(stage: Stage) -> None:
    await _burn_rolled_back(stage, "seen", CHAOS_FAILPOINT="burn.lost:1")
    await stage.until(stage.killed, "a kill at burn.lost")
    await stage.restart()


async def _nothing(stage: Stage) -> None:
    await stage.open()
    stage.buy()


Story = Callable[[Stage], Awaitable[None]]
SCENARIOS: dict[str, Story] = {
    **{
        f"killed at {point}": lambda stage, point=point: _killed_at(stage, point)  # type: ignore[misc]
        for point in ("redeem.captured", "redeem.reserved", "pay.finished", "burn.built")
    },
    "killed again while it recovers": _killed_while_sweeping,
    "killed after the 402": _killed_after_the_402,
    "no block for long": _no_block_for_long,
    "a payment is rolled back": _payment_rolled_back,
    "a burn is rolled back": lambda stage: _burn_rolled_back(stage, "seen"),
    "killed when a burn is lost": _killed_when_it_is_lost,
    "a burn is rolled back deep": lambda stage: _burn_rolled_back(stage, "confirmed"),
    "nothing goes wrong": _nothing,
}


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
