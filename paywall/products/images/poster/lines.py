"""Breaks type into lines. Pure: widths are in ems, from a function."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from paywall.products.images.poster.spelling import Sort

Line = Sequence[Sort]
Width = Callable[[Sort], float]

_HALVINGS = 7


def break_lines(sorts: Line, measure: float, width: Width) -> list[Line]:
    """Lines of at most `measure` ems, each as full as it gets, broken at spaces where there are any."""
    return [_without_last_spaces(line) for line in _greedy(sorts, measure, width)]


def balance_lines(sorts: Line, measure: float, width: Width) -> list[Line]:
    """As many lines as `break_lines` makes, of about the same length: by the narrowest measure that does."""
    lines = break_lines(sorts, measure, width)
    count = len(lines)
    low, high = measure / 2, measure
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        narrower = break_lines(sorts, middle, width)
        if len(narrower) > count:
            low = middle
        else:
            lines, high = narrower, middle
    return lines


def _greedy(sorts: Line, measure: float, width: Width) -> Iterator[list[Sort]]:
    line: list[Sort] = []
    length = 0.0
    for piece in _pieces(sorts, measure, width):
        extent = sum(map(width, piece))
        if line and length + extent > measure:
            yield line
            line, length = [], 0.0
        if line or not _is_space(piece[0]):
            line.extend(piece)
            length += extent
    if line:
        yield line


def _pieces(sorts: Line, measure: float, width: Width) -> Iterator[Line]:
    """What must stay together: words, unless one alone is too long for a line."""
    for is_space, group in groupby(sorts, key=_is_space):
        piece = list(group)
        if is_space or sum(map(width, piece)) > measure:
            yield from ([sort] for sort in piece)
        else:
            yield piece


def _without_last_spaces(line: list[Sort]) -> Line:
    while _is_space(line[-1]):
        line.pop()
    return line


def _is_space(sort: Sort) -> bool:
    return sort.text == " "
