"""What was done, counted."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Metrics:
    """Of a world, over all of its rounds; or of several worlds."""

    kills: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    #: where the time went, summed over worlds that ran at once
    seconds: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def cycles(self) -> int:
        """Kills at failpoints and elsewhere, each with a restart."""
        return sum(self.kills.values()) + self.counts["kills at any moment"]

    @property
    def least(self) -> int:
        """What was asked for has been done so often: kills, rollbacks and submits of unknown outcome, each."""
        return min(self.cycles, self.counts["rollbacks"], self.counts["unknown submits"])

    @contextmanager
    def timing(self, phase: str) -> Iterator[None]:
        """Count the seconds of the block."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[phase] += time.monotonic() - started  # type: ignore[assignment]  # a Counter counts floats, too


def together(worlds: Iterable[Metrics]) -> Metrics:
    """The figures of all."""
    found = Metrics()
    for world in worlds:
        found.kills.update(world.kills)
        found.counts.update(world.counts)
        found.seconds.update(world.seconds)
        found.broken += world.broken
    return found
