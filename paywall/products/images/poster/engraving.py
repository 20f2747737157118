"""The ornaments of a banknote: rays, rosettes, waved bands and a frame."""

from math import cos, tau

from paywall.products.images.poster.chance import Chance
from paywall.products.images.poster.curves import arc, polar
from paywall.products.images.poster.plates import INK, PAPER, SIZE, TINT, Plates, Point, Tone

MARGIN = 34.0
BAND = 30.0
INNER = MARGIN + BAND + 14
_HAIR = 0.9


def rays(plates: Plates, centre: Point, count: int, tone: Tone) -> None:
    """Wedges from the centre to beyond the edge of the sheet, every other one filled."""
    for ray in range(count):
        middle = ray / count + 0.25
        edges = [polar(centre, SIZE * 1.5, middle + side / count / 4) for side in (-1, 1)]
        plates.polygon([centre, *edges], tone)


def rosette(plates: Plates, centre: Point, inner: float, outer: float, chance: Chance) -> None:
    """Interlaced closed waves between two radii, cut by a lathe as it were; no two subjects get the same."""
    petals = 8 + chance.below(9)
    beat = chance.choice((2, 3, 4, 5))
    strands = 14 + 2 * chance.below(4)
    for strand in range(strands):
        phase = strand / strands
        tone = INK if strand % 2 else TINT
        plates.line(_strand(centre, (inner, outer), (petals, beat), phase), _HAIR, tone)


def _strand(centre: Point, radii: Point, waves: tuple[int, int], phase: float) -> list[Point]:
    middle, swing = (radii[0] + radii[1]) / 2, (radii[1] - radii[0]) / 2
    petals, beat = waves
    steps = 60 * petals
    return [
        polar(
            centre,
            middle + swing * cos(tau * (petals * at + phase)) * (0.72 + 0.28 * cos(tau * beat * petals * at)),
            at,
        )
        for at in (step / steps for step in range(steps + 1))
    ]


def frame(plates: Plates) -> None:
    """A border of waved bands between rules, with a medal in each corner; outside it the sheet is blank."""
    low, high = MARGIN, SIZE - MARGIN
    for left_top, right_bottom in (
        ((0.0, 0.0), (SIZE, INNER)),
        ((0.0, SIZE - INNER), (SIZE, SIZE)),
        ((0.0, 0.0), (INNER, SIZE)),
        ((SIZE - INNER, 0.0), (SIZE, SIZE)),
    ):
        plates.box(left_top, right_bottom, PAPER)
    for middle in (low + BAND / 2, high - BAND / 2):
        _band(plates, middle, upright=False)
        _band(plates, middle, upright=True)
    _rule(plates, low - 8, 3.2)
    _rule(plates, low, 1.0)
    _rule(plates, low + BAND, 1.0)
    _rule(plates, INNER - 6, 2.2)
    for x in (low + BAND / 2, high - BAND / 2):
        for y in (low + BAND / 2, high - BAND / 2):
            _corner(plates, (x, y))


def _band(plates: Plates, middle: float, *, upright: bool) -> None:
    waves, swing = 40, BAND / 2 - 4
    length = SIZE - 2 * MARGIN
    for strand in range(4):
        tone = INK if strand % 2 else TINT
        along = [length * step / 800 for step in range(801)]
        across = [middle + swing * cos(tau * (waves * at / length + strand / 4)) for at in along]
        line = [(MARGIN + at, off) for at, off in zip(along, across, strict=True)]
        plates.line([(y, x) for x, y in line] if upright else line, _HAIR, tone)


def _rule(plates: Plates, inset: float, width: float) -> None:
    low, high = inset, SIZE - inset
    plates.line([(low, low), (high, low), (high, high), (low, high), (low, low)], width, INK)


def _corner(plates: Plates, centre: Point) -> None:
    half = BAND / 2 + 8
    (x, y) = centre
    plates.box((x - half, y - half), (x + half, y + half), INK)
    plates.box((x - half + 3, y - half + 3), (x + half - 3, y + half - 3), PAPER)
    plates.disc(centre, half - 6, INK)
    star(plates, centre, half - 8, TINT)


def star(plates: Plates, centre: Point, radius: float, tone: Tone, points: int = 8) -> None:
    """A star with long points."""
    tips = range(2 * points)
    plates.polygon(
        [polar(centre, radius if tip % 2 == 0 else radius * 0.42, tip / points / 2) for tip in tips], tone
    )


def cartouche(plates: Plates, left_top: Point, right_bottom: Point) -> None:
    """A blank panel for lettering: two rules, with corners cut in."""
    for inset, width in ((0.0, 2.4), (8.0, 1.0)):
        outline = _notched(left_top, right_bottom, inset)
        plates.polygon(outline, PAPER)
        plates.line([*outline, outline[0]], width, INK)
    for x in (left_top[0], right_bottom[0]):
        for y in (left_top[1], right_bottom[1]):
            plates.disc((x, y), 6, INK)


def _notched(left_top: Point, right_bottom: Point, inset: float) -> list[Point]:
    left, top, right, bottom = left_top[0], left_top[1], right_bottom[0], right_bottom[1]
    notch = 18.0 + inset
    corners = (((right, top), 0.5), ((right, bottom), 0.75), ((left, bottom), 1.0), ((left, top), 1.25))
    outline = []
    for corner, start in corners:
        outline += arc(corner, notch, start, start - 0.25, steps=24)
    low_x, high_x, low_y, high_y = left + inset, right - inset, top + inset, bottom - inset
    return [(min(max(x, low_x), high_x), min(max(y, low_y), high_y)) for x, y in outline]


def diamond_rule(plates: Plates, centre: Point, half_length: float) -> None:
    """A thin line that swells to a diamond in the middle."""
    (x, y) = centre
    for side in (-1, 1):
        plates.line([(x + side * 22, y), (x + side * half_length, y)], 1.6, INK)
        plates.disc((x + side * half_length, y), 3, INK)
    plates.polygon([(x - 13, y), (x, y - 7), (x + 13, y), (x, y + 7)], TINT)
    plates.line([(x - 13, y), (x, y - 7), (x + 13, y), (x, y + 7), (x - 13, y)], 1.4, INK)
