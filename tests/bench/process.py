"""Real processes, each on a core of its own where the machine has two: servers on core 0, the load on core 1."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers."""

    url: str
    pid: int

    def cpu_microseconds(self) -> int:
        """What it took of the processor until now, by all its threads, its own and the kernel's on its behalf."""
        return cpu_microseconds(self.pid)


def cpu_microseconds(pid: int, *, children: bool = False) -> int:
    """Of a process; with its children's, living and ended."""
    user, system, ended_user, ended_system, _ = _times(pid)
    ticks = user + system
    if children:
        ticks += ended_user + ended_system
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and (times := _times(int(entry.name)))[4] == pid:
                ticks += sum(times[:4])
    return ticks * 1_000_000 // os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes of memory that a process has."""
    (line,) = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:")
    ]
    return int(line.split()[1]) / 1024


def _times(pid: int) -> tuple[int, int, int, int, int]:
    """Clock ticks of the process, by user and system, of its ended children likewise; and its parent."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0, 0, 0, 0  # it has ended
    return int(fields[11]), int(fields[12]), int(fields[13]), int(fields[14]), int(fields[1])


@contextmanager
def served(subject: str, folder: Path, port: int) -> Iterator[Served]:
    """A subject's process. Its log is in `folder`, as a real server's is somewhere."""
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
        yield Served(f"http://127.0.0.1:{port}", process.pid)
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
