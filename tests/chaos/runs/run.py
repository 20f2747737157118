"""The long form: worlds of all kinds in turn, some at once, until there were enough kills."""

import secrets
import sys
import time
from multiprocessing.connection import Connection

from tests.chaos.faults import points
from tests.chaos.runs import report
from tests.chaos.runs.jobs import Crew, Told
from tests.chaos.runs.metrics import Metrics, together
from tests.chaos.runs.worlds import KINDS, WorldOrder

#: from so many kills on, each failpoint must have been hit
MANY_CYCLES = 200


def run(*, cycles: int, jobs: int, seed: int | None, only: str, write: bool) -> int:
    """The exit status. `only` is one of `KINDS`, or empty for all in turn."""
    seed = secrets.randbits(32) if seed is None else seed
    print(
        f"chaos: seed {seed}, {cycles} kills, rollbacks and unknown submits, {jobs} worlds at once",
        flush=True,
    )
    started, campaign = time.monotonic(), Campaign(cycles, seed, only)
    crew = Crew(jobs)
    try:
        campaign.go_on(crew)
        while campaign.playing and not campaign.figures.broken:
            for line, told in crew.heard():
                campaign.take(line, told)
            campaign.go_on(crew)
            asked = f"{cycles} of each, {jobs} worlds at once"
            if write:
                report.write(campaign.figures, seed, asked, time.monotonic() - started)
    finally:
        crew.end()
    figures = campaign.figures
    print(report.text(figures, seed, asked, time.monotonic() - started))
    missing = points.uncovered(figures.kills) if cycles >= MANY_CYCLES else []
    return 1 if figures.broken or missing else 0


class Campaign:
    """What was told so far, and who plays which world."""

    def __init__(self, cycles: int, seed: int, only: str) -> None:
        self._cycles = cycles
        self._seed = seed
        self._only = only
        self._worlds: dict[int, Metrics] = {}
        self._begun = 0
        #: lines over which a world is being played
        self.playing: set[Connection] = set()

    @property
    def figures(self) -> Metrics:
        return together(self._worlds.values())

    def go_on(self, crew: Crew) -> None:
        """Whoever is idle plays the next world, while there are kills to come."""
        figures = self.figures
        left = self._cycles - figures.least
        if left <= 0:
            return crew.enough()
        for line in crew.lines - self.playing:
            kind = self._only or KINDS[self._begun % len(KINDS)]
            line.send(WorldOrder(self._begun, self._seed, kind, figures.kills, left))
            self.playing.add(line)
            self._begun += 1
        return None

    def take(self, line: Connection, told: Told | None) -> None:
        if told is None:
            self.playing.discard(line)
            self._worlds[-1] = Metrics(broken=["–: a process that plays worlds ended unasked"])
            return
        self._worlds[told.number] = told.figures
        if told.ended:
            self.playing.discard(line)
            return
        print(f"world {told.number}, {report.line(self.figures)}", flush=True)
        if told.log:
            print(told.log, file=sys.stderr, flush=True)
