"""What the paywall's database holds after a run: every answer must be there."""

import asyncio
import time
from dataclasses import dataclass

from sqlalchemy import text

from paywall.database.engine import Transaction
from paywall.database.opening import open_database

QUIET_SECONDS = 10
_REQUESTS = "SELECT count(*) FROM payment_request"
_REDEMPTIONS = "SELECT count(*) FROM redemption WHERE state = '{}'"
_BURNS = "SELECT count(*) FROM burn WHERE batch_id IS NULL"


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows: payment requests stored; redemptions reserved and captured; burns queued."""

    requests: int
    reserved: int
    captured: int
    burns: int


def count(url: str) -> Counts:
    """Once nothing is reserved any more: what was under way when the load stopped comes to its end first."""
    deadline = time.monotonic() + QUIET_SECONDS
    while (now := asyncio.run(_read(url))).reserved and time.monotonic() < deadline:
        time.sleep(0.05)
    return now


async def _read(url: str) -> Counts:
    def read(tx: Transaction) -> Counts:
        queries = (_REQUESTS, _REDEMPTIONS.format("reserved"), _REDEMPTIONS.format("captured"), _BURNS)
        return Counts(*(int(tx.connection.execute(text(query)).scalar_one()) for query in queries))

    database = open_database(url, writing=False)
    try:
        return await database.read(read)
    finally:
        database.close()
