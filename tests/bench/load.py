"""The load maker: Debian's `wrk`, one thread, so that it takes one core and no more."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from tests.bench.process import LOAD_CORE, pinned

SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent over and over. `proofs` is a file of DPoP proofs, each sent once."""

    path: str
    method: str = "POST"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    proofs: Path | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What wrk saw. Times in microseconds; `refused` are statuses from 400 up, `broken` lost connections.

    `cpu` is what the server took of the processor meanwhile.
    """

    requests: int
    microseconds: int
    refused: int
    broken: int
    p50: int
    p99: int
    cpu: int = 0

    @property
    def cpu_each(self) -> float:
        """Microseconds of the processor for each request."""
        return self.cpu / self.requests

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests * 1e6 / self.microseconds


def require_wrk() -> None:
    """Stop with a sentence when there is no load maker."""
    if shutil.which("wrk") is None:
        raise click.ClickException("The benchmark's load comes from wrk: apt-get install wrk")


def drive(base_url: str, request: Request, *, connections: int, seconds: int) -> Run:
    """Send `request` over and over for `seconds`, each connection waiting for its answer."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPT), base_url + request.path]
    environment = {
        "BENCH_METHOD": request.method,
        "BENCH_BODY": request.body,
        "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in request.headers.items()),
        "BENCH_PROOFS": str(request.proofs or ""),
    }
    output = subprocess.run(
        [*pinned(LOAD_CORE), *command],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return Run(**json.loads(output.rpartition("BENCH ")[2]))
