"""The measuring: short runs of every subject in turn, over and over, each checked for what it really did."""

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.counts import Counts, count
from tests.bench.growth import copied, grown
from tests.bench.load import Request, Run, drive
from tests.bench.process import Served, free_port, resident, served
from tests.bench.servers import ours
from tests.bench.steady import Steady, steady
from tests.bench.subjects import BARE, Subject, Surprise, probe, subjects

Runs = dict[str, list[Run]]
#: at half of each one's peak, its slowest answers are compared with bare Starlette's at the same rate
TAILS = ("paywall 402", "paywall redeem")


@dataclass(frozen=True, slots=True)
class Tail:
    """Subject and bare Starlette at one rate, one after the other."""

    rate: float
    ours: Steady
    bare: Steady


@dataclass(frozen=True, slots=True)
class Measured:
    """All runs and tails by subject, in order, and what the database holds at the end.

    `memory`: MB of the server of the largest database, after its runs.
    """

    runs: Runs
    tails: dict[str, list[Tail]]
    rows: Counts
    memory: float


class Measuring:
    """The servers of one benchmark, and the terms of their runs."""

    def __init__(self, servers: dict[str, Served], database: str, *, connections: int, seconds: int) -> None:
        self._servers = servers
        self._database = database
        self._connections = connections
        self._seconds = seconds

    def run(self, subject: Subject) -> Run:
        """One run. Errors: Surprise."""
        server = self._servers[subject.server]
        url = server.url
        request = subject.prepare(url, self._seconds)
        probe(url, subject, request)
        before = count(self._database)
        cpu = server.cpu_microseconds()
        run = drive(url, request, connections=self._connections, seconds=self._seconds)
        run = replace(run, cpu=server.cpu_microseconds() - cpu)
        self._check(subject, request, run, before)
        probe(url, subject, request)
        return run

    def steady(self, subject: Subject, rate: float) -> Steady:
        """So many a second. Errors: Surprise."""
        server = self._servers[subject.server]
        request = subject.prepare(server.url, self._seconds)
        found = steady(server.url, request, status=subject.status, rate=rate, seconds=self._seconds)
        if found.odd:
            raise Surprise(f"{subject.name}: not every answer was {subject.status}: {found}")
        return found

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
    folder: Path, *, rounds: int, connections: int, seconds: int, growth: int, say: Callable[[str], None]
) -> Measured:
    """Errors: Surprise.

    Beside a database that is nearly empty there is one with `growth` redemptions and payment requests, unless 0.
    """
    port = free_port()
    say("buying a receipt of 1,000,000 credits through the routes, on a devnet")
    found = subjects(folder, ours.buy(folder, port), grown=growth > 0)
    folders = {"grown": folder, "every": copied(folder, "every"), "priced": copied(folder, "priced")}
    if growth:
        say(f"filling a database with {growth:,} redemptions")
        folders["grown"] = grown(folder, growth)
    runs: Runs = {subject.name: [] for subject in found}
    with ExitStack() as stack:
        ports = {subject.server: free_port() for subject in found} | {"ours": port}
        servers = {
            name: stack.enter_context(
                served("ours" if name == "grown" else name, folders.get(name, folder), at)
            )
            for name, at in ports.items()
        }
        database = ours.settings(folder, port).database
        measuring = Measuring(servers, database, connections=connections, seconds=seconds)
        for number in range(1, rounds + 1):
            for subject in found:
                run = measuring.run(subject)
                runs[subject.name].append(run)
                say(f"round {number}: {subject.name} {run.rate:,.0f}/s")
        tails: dict[str, list[Tail]] = {name: [] for name in TAILS}
        by_name = {subject.name: subject for subject in found}
        for name, each in tails.items():
            rate = statistics.median(run.rate for run in runs[name]) / 2
            for _ in range(rounds):
                ours_, bare = (measuring.steady(by_name[one], rate) for one in (name, BARE))
                each.append(Tail(rate, ours_, bare))
            say(f"{name} at {rate:,.0f}/s: p99 {', '.join(str(one.ours.p99) for one in each)} µs")
        memory = resident(servers["grown" if growth else "ours"].pid)
        return Measured(runs, tails, count(database), memory)
