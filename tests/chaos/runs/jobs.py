"""Worlds side by side, each process playing one after the other; their figures come by a pipe."""

import asyncio
import ctypes
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event

from tests.chaos import processes
from tests.chaos.runs import worlds
from tests.chaos.runs.metrics import Metrics
from tests.chaos.runs.worlds import WorldOrder
from tests.chaos.serve import PR_SET_PDEATHSIG
from tests.support.services.postgres import Postgres, running_postgres

_spawn = multiprocessing.get_context("spawn")
END_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Told:
    """After a round, or at a world's end: the world's figures so far, and what the log of a broken round says."""

    number: int
    figures: Metrics
    log: str
    ended: bool = False


class Crew:
    """So many processes; each takes `WorldOrder`s over its line, and answers with `Told`s."""

    def __init__(self, jobs: int) -> None:
        self._enough = _spawn.Event()
        self._processes: dict[Connection, multiprocessing.process.BaseProcess] = {}
        for _ in range(jobs):
            ours, theirs = _spawn.Pipe()
            process = _spawn.Process(target=_work, args=(theirs, self._enough))
            process.start()
            theirs.close()
            self._processes[ours] = process

    @property
    def lines(self) -> set[Connection]:
        return set(self._processes)

    def heard(self) -> Iterator[tuple[Connection, Told | None]]:
        """What comes next, and over which line; None from a process that ended unasked."""
        for line in wait(list(self._processes)):
            assert isinstance(line, Connection)
            try:
                yield line, line.recv()
            except (EOFError, ConnectionError):
                del self._processes[line]
                yield line, None

    def enough(self) -> None:
        """The rounds that are under way are the last."""
        self._enough.set()

    def end(self) -> None:
        """Whatever is under way is given up, in an orderly way."""
        for process in self._processes.values():
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGINT)
        for process in self._processes.values():
            process.join(END_SECONDS)
            process.kill()


def _work(line: Connection, enough: Event) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)  # a parent that is killed leaves no world behind
    processes.preload(processes.WHOLE)
    with ExitStack() as stack, suppress(KeyboardInterrupt, EOFError, ConnectionError):

        @cache
        def postgres() -> Postgres:
            return stack.enter_context(running_postgres())

        while True:
            _play(line.recv(), line, enough, postgres)


def _play(order: WorldOrder, line: Connection, enough: Event, postgres: worlds.Server) -> None:
    figures = Metrics()

    def tell(log: str) -> bool:
        line.send(Told(order.number, figures, log))
        return not enough.is_set()

    asyncio.run(worlds.play(order, figures, postgres, tell))
    line.send(Told(order.number, figures, "", ended=True))
