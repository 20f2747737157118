"""The measuring: short runs of every subject in turn, over and over, each checked for what it really did."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.bench.counts import Counts, count
from tests.bench.load import Request, Run, drive
from tests.bench.process import free_port, served
from tests.bench.servers import ours
from tests.bench.subjects import Subject, Surprise, probe, subjects

Runs = dict[str, list[Run]]


class Measuring:
    """The servers of one benchmark, and the terms of their runs."""

    def __init__(self, urls: dict[str, str], database: str, *, connections: int, seconds: int) -> None:
        self._urls = urls
        self._database = database
        self._connections = connections
        self._seconds = seconds

    def run(self, subject: Subject) -> Run:
        """One run. Errors: Surprise."""
        url = self._urls[subject.server]
        request = subject.prepare(url, self._seconds)
        probe(url, subject, request)
        before = count(self._database)
        run = drive(url, request, connections=self._connections, seconds=self._seconds)
        self._check(subject, request, run, before)
        probe(url, subject, request)
        return run

    def _check(self, subject: Subject, request: Request, run: Run, before: Counts) -> None:
        if run.broken or run.refused != (run.requests if subject.status >= 400 else 0):
            raise Surprise(f"{subject.name}: not every answer was {subject.status}: {run}")
        if subject.server == "ours":
            self._check_rows(run, before, redeemed=request.proofs is not None)

    def _check_rows(self, run: Run, before: Counts, *, redeemed: bool) -> None:
        """As many rows as answers; wrk does not count the answers that came after its last second."""
        after = count(self._database)
        captured, burns = after.captured - before.captured, after.burns - before.burns
        stored = captured if redeemed else after.requests - before.requests
        if not run.requests <= stored <= run.requests + self._connections or captured != burns:
            raise Surprise(f"{run.requests} answers, but from {before} to {after} in the database")


def measure(
    folder: Path, *, rounds: int, connections: int, seconds: int, say: Callable[[str], None]
) -> tuple[Runs, Counts]:
    """All runs by subject, in order, and what the database holds at the end. Errors: Surprise."""
    port = free_port()
    say("buying a receipt of 1,000,000 credits through the routes, on a devnet")
    found = subjects(folder, ours.buy(folder, port))
    runs: Runs = {subject.name: [] for subject in found}
    with ExitStack() as stack:
        ports = {subject.server: free_port() for subject in found} | {"ours": port}
        urls = {name: stack.enter_context(served(name, folder, at)) for name, at in ports.items()}
        database = ours.settings(folder, port).database
        measuring = Measuring(urls, database, connections=connections, seconds=seconds)
        for number in range(1, rounds + 1):
            for subject in found:
                run = measuring.run(subject)
                runs[subject.name].append(run)
                say(f"round {number}: {subject.name} {run.rate:,.0f}/s")
        return runs, count(database)
