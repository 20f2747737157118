"""A load of so many requests a second, whatever the answers take: what wrk cannot make, whose connections wait.

Each request has the moment at which it is due, and its time counts from there (no coordinated omission). The loop
spins on a core of its own, for its timers are no finer than a millisecond.
"""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

from tests.bench.load import Request
from tests.bench.process import LOAD_CORE, pinned

CONNECTIONS = 64
#: after the last request is due
PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Steady:
    """Answers, and their times in microseconds; `odd` had another status than they must."""

    requests: int
    odd: int
    p50: int
    p99: int


@dataclass(frozen=True, slots=True)
class _Order:
    """What the load's process is told on its standard input; `head` ends before the proof, where there are proofs."""

    host: str
    port: int
    head: str
    tail: str
    proofs: str | None
    status: int
    rate: float
    seconds: float


def steady(base_url: str, request: Request, *, status: int, rate: float, seconds: float) -> Steady:
    """Send `rate` of them a second, for so long."""
    where = urlsplit(base_url)
    assert where.hostname is not None
    lines = {"Host": where.netloc, "Content-Length": str(len(request.body)), **request.headers}
    if request.proofs is not None:
        lines["DPoP"] = ""  # the last line: what follows it is the proof
    head = f"{request.method} {request.path} HTTP/1.1\r\n" + "\r\n".join(
        f"{k}: {v}" for k, v in lines.items()
    )
    proofs = None if request.proofs is None else str(request.proofs)
    order = _Order(
        where.hostname, where.port or 80, head, f"\r\n\r\n{request.body}", proofs, status, rate, seconds
    )
    done = subprocess.run(
        [*pinned(LOAD_CORE), sys.executable, "-m", "tests.bench.steady"],
        input=json.dumps(asdict(order)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Steady(**json.loads(done.stdout))


class _Load:
    """Requests by their due time, over connections that have one under way each."""

    def __init__(self, order: _Order) -> None:
        self._order = order
        proofs: Iterator[str] = itertools.repeat("")
        if order.proofs is not None:
            proofs = iter(Path(order.proofs).read_text().splitlines())
        self._texts = (f"{order.head}{proof}{order.tail}".encode() for proof in proofs)
        self._count = int(order.rate * order.seconds)
        self._due = self._next = 0.0
        self._waiting: deque[float] = deque()
        self._idle: list[_Line] = []
        self._started = 0
        self.times: list[float] = []
        self.odd = 0
        self.done = asyncio.Event()

    async def run(self) -> Steady:
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            await loop.create_connection(lambda: _Line(self), self._order.host, self._order.port)
        self._next = time.perf_counter()
        self._spin(loop)
        async with asyncio.timeout(self._order.seconds + PATIENCE_SECONDS):
            await self.done.wait()
        self.times.sort()
        middle, last = (self.times[int(len(self.times) * share)] for share in (0.5, 0.99))
        return Steady(len(self.times), self.odd, int(middle * 1e6), int(last * 1e6))

    def _spin(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.perf_counter()
        while self._started < self._count and self._next <= now:
            self._waiting.append(self._next)
            self._started += 1
            self._next += 1 / self._order.rate
        while self._waiting and self._idle:
            self._idle.pop().ask(self._waiting.popleft(), next(self._texts))
        if self._started < self._count or self._waiting:
            loop.call_soon(self._spin, loop)

    def free(self, line: "_Line") -> None:
        self._idle.append(line)
        if len(self.times) == self._count:
            self.done.set()

    def answered(self, line: "_Line", due: float, status: int) -> None:
        self.times.append(time.perf_counter() - due)
        self.odd += status != self._order.status
        self.free(line)


class _Line(asyncio.Protocol):
    """A connection."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._due = 0.0
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is one in all but name
        self._load.free(self)

    def ask(self, due: float, text: bytes) -> None:
        self._due, self._read = due, b""
        self._transport.write(text)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, blank, body = self._read.partition(b"\r\n\r\n")
        if not blank:
            return
        length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        if len(body) >= int(length):
            self._load.answered(self, self._due, int(head[9:12]))


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(_Load(_Order(**json.load(sys.stdin))).run()))))
