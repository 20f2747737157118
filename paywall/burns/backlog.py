"""How many burns may wait: beyond it no credit is reserved, for a credit that is used is a burn that is owed."""


class Backlog:
    """An upper bound on the waiting burns, from the last count and what this process added since."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._waiting = 0

    def counted(self, waiting: int) -> None:
        """What the database says now; it need not count further than `limit`."""
        self._waiting = waiting

    def added(self) -> None:
        """One more was captured here."""
        self._waiting += 1

    def is_full(self, under_way: int) -> bool:
        """`under_way`: reservations of this process that may still become burns."""
        return self._waiting + under_way >= self.limit
