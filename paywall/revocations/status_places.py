"""The places of new receipts in the status lists.

transaction: one row moves on by a block of places; they are this process's to give, in memory

So no row is written at each payment. What a process leaves over when it ends stays empty for ever.
"""

import asyncio

from paywall.database.engine import Database
from paywall.revocations import store
from shared.tokens.status_list import LIST_LENGTH, ListedStatus

BLOCK = 64
PATH = "/api/status-lists"


class StatusPlaces:
    """One for the process. `service_url` is where clients reach the seller."""

    def __init__(self, database: Database, service_url: str) -> None:
        self._database = database
        self._service_url = service_url
        self._free: list[int] = []
        self._taking = asyncio.Lock()

    async def take(self) -> int:
        """A place that no other receipt has. Errors: StorageUnavailable."""
        async with self._taking:
            if not self._free:
                first = await self._database.transact(lambda tx: store.take_places(tx, BLOCK))
                self._free = list(range(first, first + BLOCK))[::-1]
            return self._free.pop()

    def status(self, place: int) -> ListedStatus:
        """What a receipt says of its place."""
        number, index = divmod(place, LIST_LENGTH)
        return ListedStatus(url_of(self._service_url, number), index)


def url_of(service_url: str, number: int) -> str:
    return f"{service_url}{PATH}/{number}"
