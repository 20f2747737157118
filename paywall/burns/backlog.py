"""How many burns may wait: beyond it no credit is reserved, for a credit that is used is a burn that is owed."""

from collections.abc import Awaitable


class Backlog:
    """An upper bound on the waiting burns, from the last count and what this process added since."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._counted = 0
        #: what the last count may not have seen
        self._since = 0

    async def count(self, waiting: Awaitable[int]) -> None:
        """`waiting` is what the database says, asked for once this is awaited; it need not count past `limit`.

        What is added while it counts stays added: who counts cannot say whether it saw it.
        """
        before = self._since
        counted = await waiting
        self._counted, self._since = counted, self._since - before

    def added(self) -> None:
        """One more was captured here."""
        self._since += 1

    def is_full(self, under_way: int) -> bool:
        """`under_way`: reservations of this process that may still become burns."""
        return self._counted + self._since + under_way >= self.limit
