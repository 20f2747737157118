"""Expiring what is left on accounts past their end."""

import logging

from paywall.clock import Clock
from paywall.credits import store
from paywall.credits.store import PastEnd
from paywall.database.engine import Database

log = logging.getLogger("paywall.credits.expiring")
#: what ended before the last look is looked through again so often: a use that was released since has given back to it
ALL_SECONDS = 3600
_FIRST: PastEnd = (0, "")


class Expiring:
    """One for the process. A look takes as long as there are accounts that ended since the one before."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._looked_at, self._all_at = 0, -ALL_SECONDS

    async def step(self) -> int:
        """How many accounts expired. One whose postings do not add up must not hold up the others."""
        now, last = self._clock(), (self._looked_at, "")
        if not self._all_at <= now < self._all_at + ALL_SECONDS:
            last, self._all_at = _FIRST, now
        expired = 0
        while found := await self._past_end(now, last):
            for _, account_id in found:
                try:
                    expired += await self._expire(account_id, now)
                except Exception:
                    log.exception("account %s cannot expire: it or its postings do not add up", account_id)
            last = found[-1]
        self._looked_at = now
        return expired

    async def _past_end(self, now: int, after: PastEnd) -> list[PastEnd]:
        return await self._database.read(lambda tx: store.past_end(tx, now, after=after))

    async def _expire(self, account_id: str, now: int) -> bool:
        return await self._database.transact(lambda tx: store.expire(tx, account_id, now))
