"""The stage of a story: one seller, one buyer, and a devnet whose blocks are made there."""

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
from tests.chaos.world import World, fund
from tests.support.processes.devnet import DevnetProcess

#: in which a worker looks at the chain twice
LOOKS_SECONDS = 0.6
#: the devnet takes transactions, and drops them
LOST = {"submit": "lose", "times": 1000, "delay_ms": 0}
#: no burn expires in most stories: what cannot land is not made good by new bytes
EXPIRY_SLOTS = 600
STORY_SECONDS, FINISH_SECONDS, QUIET_SECONDS = 15.0, 5.0, 4.0
CREDITS, IMAGES = 3, 2
#: what a crash left reserved is swept within `FINISH_SECONDS`
IMAGE_SECONDS = "3"


class Stage:
    """One seller, one buyer, and a devnet whose blocks are made here."""

    def __init__(self, devnet: DevnetProcess, folder: Path, plant: str = "") -> None:
        settings = {
            "CHAOS_EXPIRY_SLOTS": str(EXPIRY_SLOTS),
            "PAYWALL_IMAGE_SECONDS": IMAGE_SECONDS,
            **({"CHAOS_PLANT": plant} if plant else {}),
        }
        self.world = World(devnet, folder, **settings)
        self.devnet = devnet
        self.mining = True
        self.buyer: ChaosBuyer
        self.buying: asyncio.Task[None] | None = None
        #: receipts of one credit that others than the buyer got
        self.paid_besides = 0
        #: promises that a story saw broken, in words
        self.broken: list[str] = []

    @property
    def url(self) -> str:
        return self.world.slots[0].url

    async def open(self, **environment: str) -> None:
        (slot,) = self.world.slots
        await self.world.start_all(**environment)
        self.buyer = ChaosBuyer(slot.url, self.world.folder / "buyer", random.Random(1), Counter())
        self.buyer.wire.faulty = False
        await asyncio.to_thread(fund, self.devnet, [self.buyer.wallet.address], COIN, COINS)
        self.world.found()

    def buy(self, images: int = IMAGES) -> None:
        self.buying = asyncio.create_task(self.buyer.once(CREDITS, images))

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

    def attempts(self, number: int) -> list[str]:
        """The transactions of the burns' attempts of that number."""
        with closing(sqlite3.connect(self.world.data / "paywall.db")) as db:
            return [
                row[0] for row in db.execute("SELECT tx_hash FROM burn_attempt WHERE number = ?", (number,))
            ]

    def first(self, query: str) -> str:
        with closing(sqlite3.connect(self.world.data / "paywall.db")) as db:
            return str(db.execute(query).fetchone()[0])

    async def restart(self) -> None:
        self.world.kill_all()
        await self.world.start_all()

    async def end(self) -> list[str]:
        """The buyer finishes, the seller comes to rest; every broken promise."""
        self.mining = True
        if self.buying is not None:
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
        return [
            *self.broken,
            *await verdict.judge(self.world, [self.buyer], seconds=QUIET_SECONDS, besides=self.paid_besides),
        ]

    async def close(self) -> None:
        self.world.kill_all()
        if hasattr(self, "buyer"):
            await self.buyer.aclose()


Story = Callable[[Stage], Awaitable[None]]
