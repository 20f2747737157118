"""What goes on in the background: settling, burning, and tidying up after crashes and time.

All it knows is in the database: it can be killed at any point, and runs in `serve` or in `paywall worker`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from paywall.burns import store as burn_store
from paywall.burns.backlog import Backlog
from paywall.burns.burn_worker import BurnWorker
from paywall.clock import Clock
from paywall.credits.expiring import Expiring
from paywall.database.engine import Database, Transaction
from paywall.errors import PaywallError, StorageUnavailable, Unavailable
from paywall.ops.failpoints import failpoint
from paywall.payments import store as payment_store
from paywall.payments.forgetting import Forgetting
from paywall.payments.reversing.reversals import Reversals
from paywall.payments.settlement import Settlement
from paywall.payments.tables import PaymentRow
from paywall.redemptions import holder_proofs
from paywall.redemptions.recovery.sweeping import Sweeping
from paywall.refunds.sending import RefundSending
from shared.chain.base import ChainError

log = logging.getLogger("paywall.ops.worker")
TIDY_SECONDS = 5.0
MAX_PAUSE_SECONDS = 60.0


class Worker:
    """The background loops of one process: settling, tidying, and burning where there are burns."""

    def __init__(
        self,
        *,
        database: Database,
        burning: BurnWorker | None,
        settlement: Settlement,
        reversals: Reversals,
        forgetting: Forgetting,
        refunds: RefundSending,
        backlog: Backlog,
        clock: Clock,
        tick_seconds: float,
    ) -> None:
        self._database = database
        self._burning = burning
        self._settlement = settlement
        self._reversals = reversals
        self._forgetting = forgetting
        self._refunds = refunds
        self._backlog = backlog
        self._clock = clock
        self._tick_seconds = tick_seconds
        self._sweeping = Sweeping(database=database, clock=clock)
        self._expiring = Expiring(database=database, clock=clock)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        burning = self._burning
        loops = [
            self._repeat("settling", self._settle, self._tick_seconds, stop),
            # A loop for each: what one cannot do holds up no other.
            self._repeat("tidying", self._tidy, TIDY_SECONDS, stop),
            self._repeat("expiring", self._expiring.step, TIDY_SECONDS, stop),
            self._repeat("refunding", self._refunds.step, self._tick_seconds, stop),
            self._repeat("watching", self._reversals.step, TIDY_SECONDS, stop),
            self._repeat("forgetting", self._forget, TIDY_SECONDS, stop),
            self._repeat("forgetting requests", self._forgetting.step, TIDY_SECONDS, stop),
        ]
        if burning is None:
            await asyncio.gather(*loops)
            return
        await asyncio.gather(*loops, self._burn_until(burning, stop))

    async def _burn_until(self, burning: BurnWorker, stop: asyncio.Event) -> None:
        try:
            await burning.prepare()
        except Exception:  # the first burn tries again
            log.exception("what burns are made with could not be loaded")
        await self._repeat("burning", partial(self._burn, burning), self._tick_seconds, stop)
        await burning.close()

    async def _repeat(
        self, name: str, step: Callable[[], Awaitable[object]], pause: float, stop: asyncio.Event
    ) -> None:
        trouble = 0
        while not stop.is_set():
            try:
                await step()
                trouble = 0
            except (ChainError, Unavailable) as error:
                trouble += 1
                if trouble == 1:
                    log.warning("%s waits: %s", name, error)
            except Exception:
                trouble += 1
                log.exception("%s failed", name)
            wait = min(pause * 2 ** min(trouble, 8), max(pause, MAX_PAUSE_SECONDS))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)

    async def _burn(self, burning: BurnWorker) -> None:
        # Counted first, so that a chain that cannot be asked does not hide a backlog that grows.
        limit = self._backlog.limit
        await self._backlog.count(self._database.read(lambda tx: burn_store.waiting(tx, most=limit)[0]))
        await burning.step()

    async def _settle(self) -> None:
        """Take up what a crash, a slow chain or a payer that went away left to be settled."""

        def due(tx: Transaction) -> list[PaymentRow]:
            return [payment_store.plain(row) for row in payment_store.settling(tx)]

        for payment in await self._database.read(due):
            failpoint("recover.settling")
            try:
                await self._settlement.advance(payment)
            except StorageUnavailable:
                raise
            except PaywallError as refusal:
                log.info("payment %s: %s", payment.id, refusal.detail)
            except Exception:  # a rail's own fault must not hold up the payments of the others
                log.exception("payment %s cannot be settled", payment.id)

    async def _tidy(self) -> None:
        swept = await self._sweeping.sweep()
        if swept:
            log.warning("%d credits were released that a crash had left reserved", swept)

    async def _forget(self) -> None:
        await self._database.transact(lambda tx: holder_proofs.forget_proofs(tx, self._clock()))


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[None]:
    """The worker in the background until the block ends."""
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running
