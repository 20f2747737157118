"""Releasing what a crash left reserved, once it is past its deadline."""

import logging

from paywall.clock import Clock
from paywall.database.engine import Database, Transaction
from paywall.ops.failpoints import failpoint
from paywall.redemptions import store
from paywall.redemptions.recovery.overdue import Overdue, overdue

log = logging.getLogger("paywall.redemptions")


class Sweeping:
    """One for the process."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def sweep(self) -> int:
        """Release what a crash left reserved; how many those were. One that cannot be must not hold up the others."""
        released, last = 0, (0, "")
        while found := await self._overdue(last):
            released += await self._sweep_some(found)
            last = found[-1].deadline, found[-1].id
        return released

    async def _overdue(self, after: tuple[int, str]) -> list[Overdue]:
        now = self._clock()
        return await self._database.read(lambda tx: overdue(tx, now, after=after))

    async def _sweep_some(self, left: list[Overdue]) -> int:
        released = 0
        for _, redemption_id, attempt in left:
            try:
                released += await self._database.transact(
                    lambda tx, one=redemption_id, number=attempt: self._sweep_one(tx, one, number)  # type: ignore[misc]
                )
            except Exception:
                log.exception(
                    "redemption %s stays reserved: its account or its postings do not add up", redemption_id
                )
        return released

    def _sweep_one(self, tx: Transaction, redemption_id: str, attempt: int) -> bool:
        released = store.release(tx, redemption_id, attempt, self._clock())
        failpoint("recover.sweeping")
        return released
