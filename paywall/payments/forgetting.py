"""Payment requests that nobody paid are forgotten some time after they have expired.

A claim that comes later still finds its way: the token says all that the row did. Money that has moved is then
kept for a person, and opens nothing, for a signature alone never does (`claims.py`).
"""

import logging

from paywall.clock import Clock
from paywall.database.engine import Database, TransactFn
from paywall.payments import store
from paywall.sales import store as request_store

log = logging.getLogger("paywall.payments.forgetting")
#: rows that go in one transaction: a flood of requests must not become a long one
STEP = 500


class Forgetting:
    """Deletes unpaid payment requests `kept` seconds after their expiry."""

    def __init__(self, *, database: Database, clock: Clock, kept: int) -> None:
        self._database = database
        self._clock = clock
        self._kept = kept

    async def step(self) -> int:
        """How many are forgotten now."""
        before = self._clock() - self._kept
        forgotten = await self._all(lambda tx: store.forget_unpaid(tx, before, STEP))
        await self._all(lambda tx: request_store.forget_terms(tx, before, STEP))
        if forgotten:
            log.info("%d unpaid payment requests were forgotten", forgotten)
        return forgotten

    async def _all(self, some: TransactFn[int]) -> int:
        """How many rows go, in transactions of `STEP`."""
        total = 0
        while True:
            gone = await self._database.transact(some)
            total += gone
            if gone < STEP:
                return total
