"""The figures of a run, printed and kept."""

import datetime as dt
from pathlib import Path

from tests.chaos.faults import points
from tests.chaos.runs.metrics import Metrics

RESULTS = Path(__file__).parents[1] / "RESULTS.md"
HEAD = """\
# What `make chaos` found, newest first

Buyers (the library, over a wire that loses, delays, doubles and reorders) against real `serve` and `worker`
processes and the devnet; `kill -9` at the named failpoints; submits that go wrong; rollbacks of 1 to k+1 blocks.
A disk that fills up is a small tmpfs (root); a clock that jumps is Debian's libfaketime; either is left out, and
said to be, where it is missing. Waits of minutes (margins, leases, expiry) are cut to seconds (`serve.py`). The
choices follow from the seed; the moments depend on the machine. After each round all nine invariants must hold.
"""
KEPT = 20


def skip(figures: Metrics, kind: str, reason: str) -> None:
    """Say what was left out, and why."""
    print(f"left out: {kind}: {reason}", flush=True)
    figures.counts[f"left out: {kind}: {reason}"] += 1


def line(figures: Metrics) -> str:
    """One round's end."""
    counts = figures.counts
    return (
        f"round {counts['rounds']}: {figures.cycles} kills, {counts['rollbacks']} rollbacks,"
        f" {counts['unknown submits']} unknown submits, {len(figures.broken)} broken promises"
    )


def text(figures: Metrics, seed: int, asked: str, seconds: float) -> str:
    """A section of RESULTS.md; `asked` says what was asked for."""
    now = dt.datetime.now(dt.UTC)
    missing = ", ".join(points.uncovered(figures.kills)) or "none"
    lines = [
        f"## {now:%Y-%m-%d %H:%M} UTC, seed {seed}",
        "",
        f"Asked for {asked}; {seconds / 60:.1f} minutes, {figures.cycles / seconds * 60:.1f} kills a minute.",
        "",
        f"- kills −9, each with a restart: **{figures.cycles}**",
        f"- rollbacks: **{figures.counts['rollbacks']}**",
        f"- submits of unknown outcome: **{figures.counts['unknown submits']}**",
        f"- broken promises: **{len(figures.broken)}**",
        f"- failpoints that nothing was killed at: {missing}",
        "",
        "| what | how often |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in sorted(figures.counts.items()) if count),
        *(f"| seconds: {name} | {count:.0f} |" for name, count in sorted(figures.seconds.items())),
        *(f"| killed at `{name}` | {figures.kills[name]} |" for name in points.names()),
        "",
        *(f"- BROKEN {broken}" for broken in figures.broken),
    ]
    return "\n".join(lines).rstrip() + "\n"


def write(figures: Metrics, seed: int, asked: str, seconds: float) -> None:
    """On top of RESULTS.md; the section of the same seed is replaced."""
    old = RESULTS.read_text("utf-8").removeprefix(HEAD) if RESULTS.exists() else ""
    sections = ["## " + section.strip() + "\n" for section in ("\n" + old).split("\n## ")[1:]]
    others = [section for section in sections if not section.splitlines()[0].endswith(f"seed {seed}")]
    kept = [text(figures, seed, asked, seconds), *others[: KEPT - 1]]
    RESULTS.write_text("\n".join([HEAD, *kept]), "utf-8")
