"""The figures as a table for people and as JSON for programs. No path or host of the machine is in either."""

import os
import platform
import sqlite3
import statistics
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from tests.bench.burns import BLOCK_SECONDS, CONFIRMATIONS, Burned
from tests.bench.drain import Drained
from tests.bench.flows import FlowRun
from tests.bench.load import Run
from tests.bench.pictures import Drawn
from tests.bench.reuse import reuse_entry
from tests.bench.reusing import Reused
from tests.bench.rounds import Measured, Runs, Tail
from tests.bench.settled import Settled
from tests.bench.subjects import BARE

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
    "402s": ("paywall 402", ("x402 402",), 1.4),
    "402s in every dialect": ("402, dialects", ("x402 402",), 1.0),
    "redemptions": ("paywall redeem", ("x402 paid", "pympp paid"), 1.2),
    "priced calls by credits": ("priced call", ("x402 paid",), 1.2),
}
#: name → (over the grown database, over one that is nearly empty, the least ratio)
GROWTH_GOALS = {
    "402s after growth": ("grown 402", "paywall 402", 0.95),
    "redemptions after growth": ("grown redeem", "paywall redeem", 0.95),
}
#: a subject's p99 at half of its peak ÷ bare Starlette's at that rate, at most
TAIL_GOAL = 4
#: blocks until 10,000 waiting burns are confirmed; p99 while the worker is busy ÷ the usual one; MB at the
#: start, and after the runs over a database that has grown
BLOCKS_GOAL, MEANWHILE_GOAL, MEMORY_GOAL, GROWN_GOAL = 3, 2, 160, 190
#: microseconds of a redemption on PostgreSQL, here and in its server; one account's rate ÷ many accounts', at least
OWN_GOAL, SERVER_GOAL, ONE_ACCOUNT_GOAL = 250, 350, 0.5
#: a use by the buyer's library ÷ the same call by plain httpx, at most: by the wall, and by the processor
REUSE_GOAL = 1.3
LOVELACE_GOAL = 200
LOVELACE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Background:
    """What goes on beside the requests."""

    burned: list[Burned]
    drained: Drained
    drawn: Drawn
    #: redemptions on PostgreSQL, on one account and on many
    one_account: FlowRun
    many_accounts: FlowRun
    #: uses by the buyer's library and by plain httpx
    reused: Reused
    #: every call settled, and credits that are bought once
    settled: Settled


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


def _cpu_ratio(runs: Runs, subject: str, other: str) -> float:
    """The same of what a request takes of the processor, which is steadier than its wall time: the peer's ÷ ours."""
    pairs = zip(runs[subject], runs[other], strict=True)
    return round(statistics.median(two.cpu_each / one.cpu_each for one, two in pairs), 3)


def _subject(runs: Runs, name: str) -> dict[str, Any]:
    def middle(of: list[float]) -> float:
        return round(statistics.median(of), 1)

    own: list[Run] = runs[name]
    return {
        "requests_per_second": middle([run.rate for run in own]),
        "p50_ms": round(middle([run.p50 for run in own]) / 1000, 2),
        "p99_ms": round(middle([run.p99 for run in own]) / 1000, 2),
        "cpu_us": middle([run.cpu_each for run in own]),
        "ratio_to_bare": _ratio(runs, name, BARE),
        "rounds": [round(run.rate, 1) for run in own],
    }


def _tail(each: list[Tail]) -> dict[str, Any]:
    ratio = round(statistics.median(one.ours.p99 / one.bare.p99 for one in each), 2)
    return {
        "ratio_to": {BARE: ratio},
        "requests_per_second": round(each[0].rate),
        "p99_us": [one.ours.p99 for one in each],
        "bare_p99_us": [one.bare.p99 for one in each],
        "goal": f"at most {TAIL_GOAL}",
        "reached": ratio <= TAIL_GOAL,
    }


def _at_most(measured: float, goal: float) -> dict[str, Any]:
    return {"measured": round(measured, 2), "goal": f"at most {goal}", "reached": measured <= goal}


def _on_postgres(background: Background) -> dict[str, Any]:
    one, many = background.one_account, background.many_accounts
    share = one.rate / many.rate
    return {
        "PostgreSQL: CPU µs here": _at_most(many.own_cpu, OWN_GOAL),
        "PostgreSQL: CPU µs in its server": _at_most(many.server_cpu, SERVER_GOAL),
        "PostgreSQL: one account ÷ many": {
            "measured": round(share, 2),
            "goal": f"at least {ONE_ACCOUNT_GOAL}",
            "reached": share >= ONE_ACCOUNT_GOAL,
        },
    }


def _reuse(background: Background) -> dict[str, Any]:
    found = reuse_entry(background.reused)
    return {
        "a use by the library ÷ by plain httpx": _at_most(found["ratio"], REUSE_GOAL),
        "the same by CPU": _at_most(found["cpu_ratio"], REUSE_GOAL),
    }


def _beside(background: Background) -> dict[str, Any]:
    drained, drawn = background.drained, background.drawn
    return {
        f"blocks for {drained.burns:,} burns": _at_most(drained.blocks, BLOCKS_GOAL),
        "p99 while they drain": _at_most(drained.meanwhile.p99 / drained.usual.p99, MEANWHILE_GOAL),
        f"p99 while {drawn.posters:,} posters are drawn": _at_most(drawn.ratio, MEANWHILE_GOAL),
        "MB at the start": _at_most(drained.memory, MEMORY_GOAL),
    }


def _goals(measured: Measured, background: Background) -> dict[str, Any]:
    runs, burned = measured.runs, background.burned
    goals: dict[str, Any] = {f"p99 of {name}": _tail(each) for name, each in measured.tails.items()}
    growth = {
        goal: (one, (other,), least) for goal, (one, other, least) in GROWTH_GOALS.items() if one in runs
    }
    for goal, (subject, peers, least) in (GOALS | growth).items():
        ratios = {peer: _ratio(runs, subject, peer) for peer in peers}
        goals[goal] = {
            "ratio_to": ratios,
            "cpu_ratio_to": {peer: _cpu_ratio(runs, subject, peer) for peer in peers},
            "goal": least,
            "reached": all(ratio >= least for ratio in ratios.values()),
        }
    goals |= _on_postgres(background) | _beside(background) | _reuse(background)
    goals["MB after the runs"] = _at_most(measured.memory, GROWN_GOAL)
    fee = next((each.fee for each in burned if each.batch_size == LOVELACE_BATCH), None)
    if fee is not None:
        goals["lovelace_each"] = {"lovelace": fee, "goal": LOVELACE_GOAL, "reached": fee <= LOVELACE_GOAL}
    return goals


def results(measured: Measured, background: Background, terms: dict[str, int]) -> dict[str, Any]:
    """All of it, for JSON."""
    runs, rows = measured.runs, measured.rows
    return {
        "machine": machine(),
        "terms": terms,
        "requests": {name: _subject(runs, name) for name in runs},
        "rows_stored": {"payment_requests": rows.requests, "redemptions": rows.captured, "burns": rows.burns},
        "burns": {
            "block_seconds": BLOCK_SECONDS,
            "confirmations": CONFIRMATIONS,
            "batches": [each.entry() for each in background.burned],
            "drained": asdict(background.drained),
        },
        "pictures": asdict(background.drawn),
        "postgresql": [asdict(run) for run in (background.one_account, background.many_accounts)],
        "reuse": reuse_entry(background.reused),
        "nobody_nods": asdict(background.settled),
        "goals": _goals(measured, background),
    }


def table(found: dict[str, Any]) -> str:
    """What `make bench` prints."""
    lines = [f"{'':16}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'CPU µs':>10}{'× bare':>10}"]
    for name, own in found["requests"].items():
        figures = f"{own['requests_per_second']:>12,.0f}{own['p50_ms']:>10.2f}{own['p99_ms']:>10.2f}"
        lines.append(f"{name:16}{figures}{own['cpu_us']:>10.1f}{own['ratio_to_bare']:>10.3f}")
    lines += ["", f"{'burns in a batch':16}{'redemptions/s':>16}{'lovelace each':>16}{'× one for each':>16}"]
    batches = found["burns"]["batches"]
    for batch in batches:
        figures = f"{batch['redemptions_per_second']:>16,.1f}{batch['lovelace_each']:>16,.1f}"
        share = batch["lovelace_each"] / batches[0]["lovelace_each"]
        lines.append(f"{batch['batch_size']:<16}{figures}{share:>16.4f}")
    use = found["reuse"]
    lines += ["", f"{'a use in µs':24}{'wall':>10}{'CPU':>10}   (fsync here: {use['fsync_us']:,.0f} µs)"]
    for name, by in (("by the library", "library"), ("by plain httpx", "plain")):
        lines.append(f"{name:24}{use[f'{by}_wall_us']:>10,.0f}{use[f'{by}_cpu_us']:>10,.0f}")
    lines += ["", f"{'nobody nods':24}{'calls/s':>10}{'p99 ms':>10}{'cents for 1,000':>18}"]
    for name, by in (("x402, each call settled", "peer"), ("credits, each use kept", "ours")):
        run = found["nobody_nods"][by]
        lines.append(f"{name:24}{run['rate']:>10,.1f}{run['p99']:>10,.1f}{run['cents']:>18,.2f}")
    lines.append("")
    for goal, entry in found["goals"].items():
        got = next(entry[name] for name in ("ratio_to", "lovelace", "measured") if name in entry)
        cpu = f", by CPU {entry['cpu_ratio_to']}" if "cpu_ratio_to" in entry else ""
        lines.append(
            f"{'reached' if entry['reached'] else 'MISSED '} {goal}: {got}{cpu} (goal {entry['goal']})"
        )
    return "\n".join(lines)
