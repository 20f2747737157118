"""Curves as lists of points. Pure geometry; angles in turns, clockwise from the right."""

from collections.abc import Sequence
from math import cos, sin, tau

from paywall.products.images.poster.plates import Point

_STEPS_BETWEEN = 10


def polar(centre: Point, radius: float, turn: float) -> Point:
    """The point at a distance and direction from the centre."""
    return centre[0] + radius * cos(turn * tau), centre[1] + radius * sin(turn * tau)


def arc(centre: Point, radius: float, start: float, end: float, steps: int = 90) -> list[Point]:
    """Part of a circle, from one direction to the other."""
    return [polar(centre, radius, start + (end - start) * step / steps) for step in range(steps + 1)]


def smooth(points: Sequence[Point], *, closed: bool = False) -> list[Point]:
    """A Catmull-Rom spline through the points; a point given twice in a row makes a corner."""
    count = len(points)
    before, after = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    around = [*before, *points, *after]
    spans = count if closed else count - 1
    curve = [
        _between(around[index : index + 4], step / _STEPS_BETWEEN)
        for index in range(spans)
        for step in range(_STEPS_BETWEEN)
    ]
    return curve if closed else [*curve, points[-1]]


def _between(four: Sequence[Point], at: float) -> Point:
    weights = (
        (-at + 2 * at**2 - at**3) / 2,
        (2 - 5 * at**2 + 3 * at**3) / 2,
        (at + 4 * at**2 - 3 * at**3) / 2,
        (-(at**2) + at**3) / 2,
    )
    x = sum(weight * point[0] for weight, point in zip(weights, four, strict=True))
    y = sum(weight * point[1] for weight, point in zip(weights, four, strict=True))
    return x, y
