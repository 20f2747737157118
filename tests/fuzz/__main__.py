"""`make fuzz`: every reader under the fuzzer, after the planted faults were found; writes RESULTS.md."""

import os
import secrets
import sys
from pathlib import Path

import click

from tests.fuzz.campaign import FuzzRun, fuzz, fuzz_all
from tests.fuzz.planted import planted
from tests.fuzz.readers import readers

RESULTS = Path(__file__).with_name("RESULTS.md")
PLANTED_EXECUTIONS = 20_000


@click.command()
@click.option("--executions", default=10_000_000, help="Of all readers together.")
@click.option("--seed", default=0, help="0 for one that is drawn and printed.")
@click.option("--jobs", default=os.cpu_count() or 1, help="Readers at once.")
@click.option("--write/--no-write", default=True, help="Whether RESULTS.md is renewed.")
def main(executions: int, seed: int, jobs: int, write: bool) -> None:
    seed = seed or secrets.randbelow(2**31 - 1) + 1
    _say(f"seed {seed}")
    for name in planted():
        if not fuzz(name, executions=PLANTED_EXECUTIONS, seed=seed).fault:
            sys.exit(f"{name}: the fuzzer does not find it")
        _say(f"{name}: found")
    names = list(readers())
    each = -(-executions // len(names))
    runs = []
    for run in fuzz_all(names, executions=each, seed=seed, jobs=jobs):
        _say(_line(run))
        runs.append(run)
    if write:
        RESULTS.write_text(_report(sorted(runs, key=lambda run: names.index(run.reader)), seed))
    if any(run.fault for run in runs):
        sys.exit("faults were found")


def _line(run: FuzzRun) -> str:
    return f"{run.reader}: {run.executions:,} in {run.seconds:.0f} s, {run.kept:,} kept: {run.fault or 'no fault'}"


def _report(runs: list[FuzzRun], seed: int) -> str:
    total = sum(run.executions for run in runs)
    rows = [
        f"| {run.reader} | {run.executions:,} | {run.kept:,} | {run.seconds:.0f} | {run.fault or 'none'} |"
        for run in runs
    ]
    return "\n".join(
        [
            "# What `make fuzz` found",
            "",
            f"{total:,} executions, seed {seed}. Kept are the inputs that reached code which none before had reached.",
            "A fault is an error that is not one of the reader's own refusals,",
            "or a time out of proportion to the bytes.",
            "",
            "| reader | executions | kept | seconds | fault |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
