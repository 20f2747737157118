"""A round: buyers, kills and faults for a while; then the faults stop, and every promise must hold."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

from tests.chaos.buyers import COIN, COINS, ChaosBuyer
from tests.chaos.faults.killer import KILLED, Killer
from tests.chaos.faults.saboteur import Saboteur
from tests.chaos.runs import verdict
from tests.chaos.runs.books import open_books
from tests.chaos.runs.metrics import Metrics
from tests.chaos.world import World, fund

Now = Callable[[], int]
BUYERS = 4
#: a lease of the wallet that a dead process held runs out within
LEASE_SECONDS = 4
RESUMES = 5


class Rounds:
    """Rounds in one world. Enter it with `open_rounds`."""

    def __init__(
        self, world: World, chance: random.Random, figures: Metrics, before: Counter[str] | None = None
    ) -> None:
        """`before` are the kills in other worlds, by failpoint."""
        self.world = world
        self.buyers: list[ChaosBuyer] = []
        self._chance = chance
        self._figures = figures
        self._saboteur = Saboteur(world, chance, figures)
        self._killer = Killer(world, chance, figures, self._saboteur.wishes, before or Counter())

    async def open(self, buyers: int = BUYERS, now: Now = lambda: int(time.time())) -> None:
        """A seller with a supply, and buyers with money."""
        await self.world.start_all()
        for number in range(buyers):
            url = self._chance.choice(self.world.serving).url
            folder = self.world.folder / f"buyer-{number}"
            self.buyers.append(ChaosBuyer(url, folder, self._chance, self._figures.counts, now))
        addresses = [buyer.wallet.address for buyer in self.buyers]
        await asyncio.to_thread(fund, self.world.devnet, addresses, COIN, COINS)
        self.world.found()
        self.world.kill_all()

    async def close(self) -> None:
        self.world.kill_all()
        await self._saboteur.aclose()
        for buyer in self.buyers:
            await buyer.aclose()

    async def round(self, kills: int, seconds: float) -> list[str]:
        """Until that many kills, rollbacks and unknown submits, or that long; what is broken afterwards."""
        before = self._figures.cycles
        with self._figures.timing("storms"):
            await self._storm(kills, seconds)
        self._figures.counts["rounds"] += 1
        with self._figures.timing("coming to rest"):
            broken = await self.calm()
        broken += self._killer.complaints
        self._killer.complaints = []
        unforeseen = self.world.unforeseen()
        broken += unforeseen if not self.world.menaces else []
        cycles = self._figures.cycles - before
        self._figures.broken += [
            f"round {self._figures.counts['rounds']} ({cycles} kills): {line}" for line in broken
        ]
        return broken

    async def _storm(self, kills: int, seconds: float) -> None:
        stop, target = asyncio.Event(), self._figures.least + kills
        for buyer in self.buyers:
            buyer.wire.faulty = True
            buyer.excuses = bool(self.world.menaces)
        living = [asyncio.create_task(buyer.live(stop)) for buyer in self.buyers]
        doing = [
            asyncio.create_task(self._saboteur.run(stop)),
            *(
                asyncio.create_task(menace.run(stop))
                for menace in (*self.world.menaces, *self.world.strangers)
            ),
            *(asyncio.create_task(self._killer.run(slot, stop, self._between)) for slot in self.world.slots),
        ]
        try:
            async with asyncio.timeout(seconds):
                while self._figures.least < target:  # noqa: ASYNC110  the killers count
                    await asyncio.sleep(0.05)
        except TimeoutError:
            self._figures.counts["rounds cut short"] += 1
        finally:
            stop.set()
            await _cancel(living)  # clients that go away in the middle
        await asyncio.gather(*doing)

    async def _between(self) -> None:
        """While SQLite's one process is dead, the operator looks for parked batches."""
        if len(self.world.slots) == 1:
            await self._resume_parked()

    async def calm(self) -> list[str]:
        """Everything starts again without faults and comes to its end; what is broken then."""
        await self._saboteur.end()
        self.world.kill_all()
        finished = False
        for _ in range(RESUMES):
            await self._resume_parked()
            await self.world.start_all()
            if self._saboteur.forks.dropped:
                await asyncio.to_thread(rebroadcast, self.world, self.buyers)
            if not finished:
                try:
                    await asyncio.gather(*(buyer.finish() for buyer in self.buyers))
                except TimeoutError:
                    return [
                        "7: a buyer cannot finish what it began",
                        *await self._judge(),
                    ]
                finished = True
            with open_books(self.world.database) as books:
                await verdict.await_quiet(books, forgive=("parked",))
                parked = books.under_way().get("parked")
            if not parked:
                break
            self._stop_in_order()
        self._saboteur.forks.dropped = False
        with self._figures.timing("verdicts"):
            broken = await self._judge()
        self._stop_in_order()
        return broken

    async def _judge(self) -> list[str]:
        besides = await verdict.cheats(self.world)
        with open_books(self.world.database) as books:
            receipts = books.receipts_of([payer for payer, _ in self.world.cheats])
        return [*besides, *await verdict.judge(self.world, self.buyers, besides=receipts)]

    def _stop_in_order(self) -> None:
        statuses = self.world.stop_all()
        if any(statuses):
            self._killer.complaints.append(
                f"9: an orderly stop ended with {statuses}: {self.world.tail(1500)}"
            )

    async def _resume_parked(self) -> None:
        """As the operator would: `paywall burns resume`, which may be killed too."""
        with open_books(self.world.database) as books:
            if not (await asyncio.to_thread(books.under_way)).get("parked"):
                return
        await self._resume("recover.resuming")
        await self._resume("")

    async def _resume(self, failpoint: str) -> None:
        for _ in range(LEASE_SECONDS):
            armed = {"CHAOS_FAILPOINT": f"{failpoint}:1"} if failpoint else {}
            status, said = await self.world.command("burns", "resume", **armed)
            if status == KILLED:
                self._figures.kills[failpoint] += 1
                return
            if status == 0:
                self._figures.counts["operator resumed"] += 1
                return
            await asyncio.sleep(1)  # the lease of a dead process has to run out
        if self.world.excuses():
            return
        self._killer.complaints.append(f"9: burns resume ended with {status}: {said[-1500:]}")


def rebroadcast(world: World, buyers: Sequence[ChaosBuyer]) -> None:
    """What a payer's own node does after a rollback: it hands its transactions in again."""
    for buyer in buyers:
        for payment in buyer.payments():
            if payment.state in {"signed", "paid"}:
                world.devnet.submit(payment.tx_bytes)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception) and not isinstance(outcome, asyncio.CancelledError):
            raise outcome
