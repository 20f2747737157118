"""Expiring what is left on accounts past their end."""

import logging

from paywall.clock import Clock
from paywall.credits import store
from paywall.database.engine import Database

log = logging.getLogger("paywall.credits.expiring")


async def expire_accounts(database: Database, clock: Clock) -> int:
    """How many accounts expired. One whose postings do not add up must not hold up the others."""
    expired, last = 0, ""
    while found := await _past_end(database, clock(), last):
        for account_id in found:
            try:
                expired += await _expire(database, account_id, clock())
            except Exception:
                log.exception("account %s cannot expire: it or its postings do not add up", account_id)
        last = found[-1]
    return expired


async def _past_end(database: Database, now: int, after: str) -> list[str]:
    return await database.read(lambda tx: store.past_end(tx, now, after=after))


async def _expire(database: Database, account_id: str, now: int) -> bool:
    return await database.transact(lambda tx: store.expire(tx, account_id, now))
