"""Attempts whose makers the chain shows no more, and for how long on end that has been so."""

#: blocks; the worker looks more often than this while a batch waits
LONGEST_PAUSE = 50


class Vanished:
    """For how many blocks on end attempts were out of reach, by the looks of this process.

    An index that hides an attempt together with its maker looks the same for a moment. So one look proves nothing,
    and a stretch without looks counts for nothing; nor does what another process saw.
    """

    def __init__(self, depth: int) -> None:
        """`depth` blocks on end are enough."""
        self._depth = depth
        #: attempt → the heights of the chain at the first and at the last look
        self._stretches: dict[str, tuple[int, int]] = {}

    def note(self, tx_hash: str, height: int) -> bool:
        """It is out of reach of a chain of that height; whether it has been for as long as forks last."""
        first, last = self._stretches.get(tx_hash, (height, height))
        if abs(height - last) > LONGEST_PAUSE:
            first = height
        self._stretches[tx_hash] = first, height
        return height - first >= self._depth

    def end(self, tx_hash: str) -> None:
        """It, or a maker, is shown."""
        self._stretches.pop(tx_hash, None)
