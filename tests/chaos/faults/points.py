"""The failpoints that the seller's source names."""

import re
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "paywall"
_FAILPOINT = re.compile(r"\bfailpoint\((.+?)\)\n")
_NAME = re.compile(r'"([a-z]+\.[a-z_{}.]+)"')
#: what `burn.{step.state}` can be when a batch moves
MOVES = ("seen", "confirmed", "lost")


def names() -> list[str]:
    """Every name, sorted."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for call in _FAILPOINT.findall(path.read_text("utf-8")):
            for name in _NAME.findall(call):
                found |= {name.replace("{step.state}", move) for move in MOVES}
    return sorted(found)


def uncovered(kills: Counter[str]) -> list[str]:
    """The names at which nothing was killed."""
    return [name for name in names() if not kills[name]]
