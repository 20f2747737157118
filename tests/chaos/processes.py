"""`paywall` processes: forked from a server that has the imports done, so that a restart takes a blink.

Each is a process of its own with a memory of its own, and `kill -9` ends it like any other. One that runs
under another clock is started afresh, because the library that moves the clock must be loaded first.
"""

import multiprocessing
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tests.chaos import serve

STOP_SECONDS = 40
_fork = multiprocessing.get_context("forkserver")
#: what both the seller and the harness's planted faults leave alone
BARE = (
    *(
        "sqlmodel",
        "alembic.command",
        "alembic.autogenerate",
        "sqlalchemy.dialects.postgresql",
        "starlette.applications",
    ),
    *(
        "uvicorn.protocols.http.httptools_impl",
        "uvloop",
        "httpx",
        "pycardano",
        "jwt",
        "psycopg",
        "PIL.ImageDraw",
    ),
    *("click", "prometheus_client", "cryptography.hazmat.primitives.serialization", "tests.chaos.serve"),
    *("httpcore", "anyio._backends._asyncio", "uvicorn.lifespan.off"),
)
WHOLE = (
    *BARE,
    "paywall.cli.serving",
    "paywall.cli.commands",
    "paywall.cli.main",
    "paywall.products.images.offline",
    "paywall.products.images.poster.sheet",
    "paywall.rails.cardano.opening",
)
#: the last to be imported
WARM = "tests.chaos.warm"


def preload(modules: Sequence[str]) -> None:
    """Before the first start: what every forked process finds imported. `BARE` leaves room for planted faults."""
    _fork.set_forkserver_preload([*modules, WARM])


class Running(Protocol):
    """A started process."""

    @property
    def status(self) -> int | None:
        """None while it runs; −9 when it was killed by `kill -9`."""

    @property
    def pid(self) -> int: ...
    def kill(self) -> None: ...
    def terminate(self) -> None: ...
    def wait(self, seconds: float) -> int | None: ...


class _Forked:
    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._process = _fork.Process(
            target=serve.run, args=(list(arguments), dict(environment), str(log)), daemon=True
        )
        self._process.start()

    @property
    def status(self) -> int | None:
        return self._process.exitcode

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    def wait(self, seconds: float) -> int | None:
        self._process.join(seconds)
        return self._process.exitcode


class _Fresh:
    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.serve", *arguments],
                env=dict(environment),
                stdout=output,
                stderr=output,
            )

    @property
    def status(self) -> int | None:
        return self._process.poll()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    def wait(self, seconds: float) -> int | None:
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Running:
    fresh = "LD_PRELOAD" in environment
    return (_Fresh if fresh else _Forked)(arguments, environment, log)


def command(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> tuple[int, str]:
    """Runs to its end: exit status and what it said. Killed after `STOP_SECONDS`."""
    log.unlink(missing_ok=True)
    running = start(arguments, environment, log)
    if running.wait(STOP_SECONDS) is None:
        running.kill()
        running.wait(STOP_SECONDS)
    return running.status or 0, log.read_text()


def stop(running: Running) -> int | None:
    """Orderly, or after `STOP_SECONDS` by force; its exit status."""
    running.terminate()
    if running.wait(STOP_SECONDS) is None:
        running.kill()
        running.wait(STOP_SECONDS)
    return running.status
