"""Payment requests that nobody paid are forgotten some time after they have expired.

A claim that comes later still finds its way: the token says all that the row did. Money that has moved is then
kept for a person, and opens nothing, for a signature alone never does (`claims.py`).
"""

import logging

from paywall.clock import Clock
from paywall.database.engine import Database
from paywall.payments import store

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
        before, forgotten, gone = self._clock() - self._kept, 0, STEP
        while gone == STEP:
            gone = await self._database.transact(lambda tx: store.forget_unpaid(tx, before, STEP))
            forgotten += gone
        if forgotten:
            log.info("%d unpaid payment requests were forgotten", forgotten)
        return forgotten
