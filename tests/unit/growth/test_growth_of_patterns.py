"""No regular expression of ours takes more than its share for a longer text, whatever a stranger writes.

Steps are counted, not timed: twice the text may take twice the steps. A pattern that looks for an end that is not
there, from each of many beginnings, or that can divide one text in many ways, takes four times as many and more.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.modules import ROOT, files
from tests.support.hostile.long_texts import long_texts
from tests.support.hostile.regex_steps import StepCounter

SHORT = 64
#: for what is done once, however long the text is
ALLOWANCE = 128
SCANNING = {"sub", "subn", "split", "findall", "finditer", "search"}


def _patterns() -> Iterator[tuple[str, re.Pattern[str], bool]]:
    """Each pattern in the sources, with its place, and whether it is looked for all over a text."""
    for path in files():
        source = path.read_text("utf-8")
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("re."):
                place = f"{path.relative_to(ROOT)}:{call.lineno}"
                verb = ast.unparse(call.func).removeprefix("re.")
                if verb == "compile":
                    pattern = eval(ast.unparse(call), {"re": re})
                    yield place, pattern, _is_scanning(source, _name_of(source, call))
                elif verb != "escape":
                    yield place, re.compile(ast.literal_eval(call.args[0])), verb in SCANNING


def _name_of(source: str, call: ast.Call) -> str:
    line = source.splitlines()[call.lineno - 1]
    return line.partition("=")[0].strip()


def _is_scanning(source: str, name: str) -> bool:
    return any(f"{name}.{verb}(" in source for verb in SCANNING)


PATTERNS = list(_patterns())


def _steps(pattern: re.Pattern[str], text: str, *, scanning: bool) -> int:
    counter = StepCounter(pattern, text)
    return counter.scan() if scanning else counter.fullmatch()


def _worst(pattern: re.Pattern[str], *, scanning: bool) -> tuple[int, int, str]:
    """How many steps the worst text takes beyond its share, those steps, and how it begins."""
    found = (-ALLOWANCE, 0, "")
    pairs = zip(long_texts(pattern, SHORT), long_texts(pattern, 2 * SHORT), strict=True)
    for short, long in pairs:
        few, many = (_steps(pattern, text, scanning=scanning) for text in (short, long))
        found = max(found, (many - 2 * few - ALLOWANCE, many, long[:20]))
    return found


@pytest.mark.parametrize(("place", "pattern", "scanning"), PATTERNS, ids=[place for place, _, _ in PATTERNS])
def test_twice_the_text_takes_a_pattern_twice_the_steps(
    place: str, pattern: re.Pattern[str], scanning: bool
) -> None:
    beyond, steps, text = _worst(pattern, scanning=scanning)
    assert beyond <= 0, f"{place}: {steps} steps for {text!r}…"


@pytest.mark.parametrize(
    ("text", "scanning"),
    [(r'"(?:[^"\\]|\\.)*"', True), (r"(?:a+)+b", False), (r"[a-z]*[a-z0-9]*[a-z]*!", False)],
    ids=["an end that is not there", "one run divided in many ways", "three that take the same"],
)
def test_patterns_that_are_known_to_be_slow_are_found(text: str, scanning: bool) -> None:
    """What the counter is worth. The first is the reader of strings that let one body stop the server for 9 s."""
    pattern = re.compile(text)
    short, long = (
        max(_steps(pattern, sample, scanning=scanning) for sample in long_texts(pattern, count))
        for count in (6, 12)
    )
    assert long > 2 * short + ALLOWANCE
