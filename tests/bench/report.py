"""The figures as a table for people and as JSON for programs. No path or host of the machine is in either."""

import os
import platform
import sqlite3
import statistics
from importlib.metadata import version
from typing import Any

from tests.bench.burns import BLOCK_SECONDS, CONFIRMATIONS, Burned
from tests.bench.counts import Counts
from tests.bench.load import Run
from tests.bench.rounds import Runs

BARE = "bare Starlette"
PACKAGES = (
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "x402",
    "pympp",
    "pyjwt",
    "cryptography",
    "sqlalchemy",
)
#: what is to be reached: name → (subject, the peers it is compared with, the least ratio)
GOALS = {
    "402s": ("paywall 402", ("x402 402",), 1.0),
    "redemptions": ("paywall redeem", ("x402 paid", "pympp paid"), 1.0),
}
LOVELACE_GOAL = 200
LOVELACE_BATCH = 1000


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: version(name) for name in PACKAGES},
    }


def _ratio(runs: Runs, subject: str, other: str) -> float:
    """The median over the rounds of the ratio within a round: what slows the machine slows both."""
    pairs = zip(runs[subject], runs[other], strict=True)
    return round(statistics.median(one.rate / two.rate for one, two in pairs), 3)


def _subject(runs: Runs, name: str) -> dict[str, Any]:
    def middle(of: list[float]) -> float:
        return round(statistics.median(of), 1)

    own: list[Run] = runs[name]
    return {
        "requests_per_second": middle([run.rate for run in own]),
        "p50_ms": round(middle([run.p50 for run in own]) / 1000, 2),
        "p99_ms": round(middle([run.p99 for run in own]) / 1000, 2),
        "ratio_to_bare": _ratio(runs, name, BARE),
        "rounds": [round(run.rate, 1) for run in own],
    }


def _goals(runs: Runs, burned: list[Burned]) -> dict[str, Any]:
    goals: dict[str, Any] = {}
    for goal, (subject, peers, least) in GOALS.items():
        ratios = {peer: _ratio(runs, subject, peer) for peer in peers}
        goals[goal] = {
            "ratio_to": ratios,
            "goal": least,
            "reached": all(ratio >= least for ratio in ratios.values()),
        }
    fee = next((each.fee for each in burned if each.batch_size == LOVELACE_BATCH), None)
    if fee is not None:
        goals["lovelace_each"] = {"lovelace": fee, "goal": LOVELACE_GOAL, "reached": fee <= LOVELACE_GOAL}
    return goals


def results(runs: Runs, rows: Counts, burned: list[Burned], terms: dict[str, int]) -> dict[str, Any]:
    """All of it, for JSON."""
    return {
        "machine": machine(),
        "terms": terms,
        "requests": {name: _subject(runs, name) for name in runs},
        "rows_stored": {"payment_requests": rows.requests, "redemptions": rows.captured, "burns": rows.burns},
        "burns": {
            "block_seconds": BLOCK_SECONDS,
            "confirmations": CONFIRMATIONS,
            "batches": [each.entry() for each in burned],
        },
        "goals": _goals(runs, burned),
    }


def table(found: dict[str, Any]) -> str:
    """What `make bench` prints."""
    lines = [f"{'':16}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'× bare':>10}"]
    for name, own in found["requests"].items():
        figures = f"{own['requests_per_second']:>12,.0f}{own['p50_ms']:>10.2f}{own['p99_ms']:>10.2f}"
        lines.append(f"{name:16}{figures}{own['ratio_to_bare']:>10.3f}")
    lines += ["", f"{'burns in a batch':16}{'redemptions/s':>16}{'lovelace each':>16}{'× one for each':>16}"]
    batches = found["burns"]["batches"]
    for batch in batches:
        figures = f"{batch['redemptions_per_second']:>16,.1f}{batch['lovelace_each']:>16,.1f}"
        share = batch["lovelace_each"] / batches[0]["lovelace_each"]
        lines.append(f"{batch['batch_size']:<16}{figures}{share:>16.4f}")
    lines.append("")
    for goal, entry in found["goals"].items():
        got = entry.get("ratio_to") or entry["lovelace"]
        lines.append(f"{'reached' if entry['reached'] else 'MISSED '} {goal}: {got} (goal {entry['goal']})")
    return "\n".join(lines)
