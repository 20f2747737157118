"""Counts what one client asks for in a minute, in this process or, over PostgreSQL, in all of them together."""

from collections.abc import Callable
from contextvars import ContextVar

from paywall.database.engine import Database
from paywall.errors import TooManyRequests
from paywall.limits import store
from paywall.limits.buckets import MINUTE, Buckets, RateKey, interval, wait
from paywall.limits.networks import Client
from paywall.limits.settings import LimitSettings

#: for whom the present request is answered; None in the worker, which nobody limits
asking: ContextVar[Client | None] = ContextVar("asking", default=None)


class RateLimiter:
    """`take` before what is expensive. SQLite has one process, and its buckets are in memory alone."""

    def __init__(self, settings: LimitSettings, database: Database, now: Callable[[], int]) -> None:
        """`now` in microseconds. The clocks of the processes may differ: by so much is a minute longer."""
        self._settings = settings
        self._database = database
        self._now = now
        self._buckets = Buckets()
        self._shared = database.dialect != "sqlite"
        self._forget_at = 0

    async def take(self, kind: str) -> None:
        """One call of this kind by whoever is asking. Errors: TooManyRequests, StorageUnavailable."""
        client = asking.get()
        per_minute = 0 if client is None else self._settings.per_minute(kind, local=client.local)
        if client is None or not per_minute:
            return
        bucket, step, now = (client.network, kind), interval(per_minute), self._now()
        # Here first: who is over the limit already costs the database nothing.
        self._buckets.take(bucket, now, step)
        if self._shared:
            await self._take_shared(bucket, now, step)

    async def _take_shared(self, bucket: RateKey, now: int, step: int) -> None:
        taken, full_at = await self._database.transact(lambda tx: store.take(tx, bucket, now, step))
        self._buckets.note(bucket, full_at)
        if now >= self._forget_at:
            self._forget_at = now + MINUTE
            await self._database.transact(lambda tx: store.forget(tx, now))
        if not taken:
            raise TooManyRequests(wait(full_at, now, step))
