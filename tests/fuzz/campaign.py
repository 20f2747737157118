"""Many readers, each in a process of its own: what came of them."""

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

FAULT = re.compile(r"^(?:\S+\.)?ReaderFault: (.*)$", re.MULTILINE)
DONE = re.compile(r"number_of_executed_units: (\d+)")
KEPT = re.compile(r"new_units_added:\s+(\d+)")
LONGEST_FAULT = 300


@dataclass(frozen=True, slots=True)
class FuzzRun:
    """`kept` inputs found new coverage; `fault` is empty when there was none."""

    reader: str
    executions: int
    kept: int
    seconds: float
    fault: str


def fuzz(name: str, *, executions: int, seed: int) -> FuzzRun:
    """One reader, to its first fault."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.fuzz.one", name, "--runs", str(executions), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr + done.stdout
    return FuzzRun(
        reader=name,
        executions=_number(DONE, said),
        kept=_number(KEPT, said),
        seconds=time.monotonic() - began,
        fault=_fault(done.returncode, said),
    )


def fuzz_all(names: Iterable[str], *, executions: int, seed: int, jobs: int) -> Iterator[FuzzRun]:
    """`executions` of each, `jobs` at once, as they end."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from (
            future.result()
            for future in as_completed(
                [pool.submit(fuzz, name, executions=executions, seed=seed) for name in names]
            )
        )


def _fault(code: int, said: str) -> str:
    if code == 0:
        return ""
    found = FAULT.search(said)
    return found.group(1)[:LONGEST_FAULT] if found else f"exit {code}: {said[-LONGEST_FAULT:]}"


def _number(form: re.Pattern[str], said: str) -> int:
    found = form.search(said)
    return int(found.group(1)) if found else 0
