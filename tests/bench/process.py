"""Real processes, each on a core of its own where the machine has two: servers on core 0, the load on core 1."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
START_SECONDS = 30
STOP_SECONDS = 30


def pinned(core: int) -> list[str]:
    """What to put before a command; nothing where there is no second core or no taskset."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if not {SERVER_CORE, LOAD_CORE} <= cores or shutil.which("taskset") is None:
        return []
    return ["taskset", "-c", str(core)]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(subject: str, folder: Path, port: int) -> Iterator[str]:
    """The base URL of a subject that answers. Its log is in `folder`, as a real server's is somewhere."""
    command = [*pinned(SERVER_CORE), sys.executable, "-m", "tests.bench.servers.serve", subject]
    log = folder / f"{subject}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--folder", str(folder)],
            stdin=subprocess.DEVNULL,
            stderr=out,
            stdout=out,
        )
    try:
        _await_port(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"a server did not start:\n{log.read_text()}")
        time.sleep(0.05)
