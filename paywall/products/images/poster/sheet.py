"""Lays out one poster for a subject."""

from paywall.products.images.maker import Subject
from paywall.products.images.poster.chance import Chance
from paywall.products.images.poster.engraving import (
    BAND,
    INNER,
    MARGIN,
    cartouche,
    diamond_rule,
    frame,
    rays,
    rosette,
    star,
)
from paywall.products.images.poster.lettering import Compositor, TextBlock
from paywall.products.images.poster.likeness import LIKENESSES
from paywall.products.images.poster.palettes import PALETTES
from paywall.products.images.poster.plates import INK, PAPER, SIZE, TINT, Palette, Plates, Point, Tone
from paywall.products.images.poster.portrait import Portrait
from paywall.products.images.poster.spelling import EN_DASH
from paywall.products.images.presidents import President, Term, find

NOTICE = f"placeholder {EN_DASH} drawn offline, no model was used"

_CENTRE = SIZE / 2
_PANEL_LEFT, _PANEL_RIGHT, _PANEL_BOTTOM = INNER + 34, SIZE - INNER - 34, 912.0
_PANEL_PADDING = 40.0
_PALE = Tone(70, 0)
_GREY = Tone(140, 0)

# Width and height for a prompt's lettering: on a title page, or on a full page when a title gets too small.
_TITLE, _PAGE = (730.0, 230.0), (750.0, 510.0)
_SMALLEST_TITLE = 30


def draw(subject: Subject) -> bytes:
    """A PNG file of 1024 by 1024 pixels; the same subject gives the same bytes."""
    chance = Chance(subject)
    palette = chance.choice(PALETTES)
    plates = Plates()
    compositor = Compositor(plates)
    president = find(subject.text) if subject.kind == "name" else None
    if president:
        _draw_president(plates, compositor, president, chance, palette)
    else:
        _draw_prompt(plates, compositor, subject.text, chance)
    _imprint(plates, compositor, chance.serial)
    return plates.to_png(palette, NOTICE.replace(EN_DASH, "-"))


def _draw_president(
    plates: Plates, compositor: Compositor, president: President, chance: Chance, palette: Palette
) -> None:
    centre, radius = (_CENTRE, 408.0), 224.0
    _background(plates, centre, chance)
    plates.disc(centre, radius + 92, PAPER)
    rosette(plates, centre, radius + 4, radius + 86, chance)
    plates.ring(centre, radius + 92, 2.4, INK)
    plates.disc(centre, radius + 10, PAPER)
    plates.ring(centre, radius + 10, 2, INK)
    plates.disc(centre, radius + 2, TINT)
    # A cameo: the light parts are the paper or, on dark paper, the ink.
    light, dark = (INK, PAPER) if palette.dark_paper else (PAPER, INK)
    Portrait(plates, centre, radius, light, dark, _GREY).draw(LIKENESSES[president.name])
    plates.ring(centre, radius + 4, 4, INK)
    cartouche(plates, (_PANEL_LEFT, 744), (_PANEL_RIGHT, _PANEL_BOTTOM))
    compositor.set_capitals(president.name, (_CENTRE, 814), 60, widest=730)
    diamond_rule(plates, (_CENTRE, 844), 230)
    compositor.set_capitals(_office(president), (_CENTRE, 884), 23, widest=730)


def _office(president: President) -> str:
    ordinals = " and ".join(_ordinal(term.number) for term in president.terms)
    return f"{ordinals} president · {', '.join(map(_years, president.terms))}"


def _years(term: Term) -> str:
    if term.first_year == term.last_year:
        return f"{term.first_year}"
    return f"{term.first_year}{EN_DASH}{term.last_year}"


def _ordinal(number: int) -> str:
    tens, units = divmod(number, 10)
    ending = "th" if tens == 1 else {1: "st", 2: "nd", 3: "rd"}.get(units, "th")
    return f"{number}{ending}"


def _draw_prompt(plates: Plates, compositor: Compositor, prompt: str, chance: Chance) -> None:
    block = _fit_prompt(compositor, prompt)
    text_top = _PANEL_BOTTOM - _PANEL_PADDING - block.height
    panel_top = text_top - _PANEL_PADDING
    centre = (_CENTRE, (INNER + panel_top) / 2)
    radius = min(300.0, (panel_top - INNER) / 2 - 18)
    _background(plates, centre, chance)
    plates.disc(centre, radius, PAPER)
    plates.ring(centre, radius, 2.4, INK)
    rosette(plates, centre, radius * 0.62, radius * 0.97, chance)
    rosette(plates, centre, radius * 0.3, radius * 0.66, chance)
    plates.disc(centre, radius * 0.3, INK)
    plates.disc(centre, radius * 0.28, PAPER)
    star(plates, centre, radius * 0.25, TINT, chance.choice((6, 8, 10, 12)))
    cartouche(plates, (_PANEL_LEFT, panel_top), (_PANEL_RIGHT, _PANEL_BOTTOM))
    compositor.set_block(block, _CENTRE, text_top)


def _fit_prompt(compositor: Compositor, prompt: str) -> TextBlock:
    block = compositor.fit(prompt, *_TITLE)
    return block if block.size >= _SMALLEST_TITLE else compositor.fit(prompt, *_PAGE)


def _background(plates: Plates, centre: Point, chance: Chance) -> None:
    rays(plates, centre, 48 + 8 * chance.below(4), _PALE)
    frame(plates)


def _imprint(plates: Plates, compositor: Compositor, serial: str) -> None:
    """What the sheet is, set into the lower edge of the frame, and its number into the upper."""
    top, bottom = MARGIN + BAND / 2, SIZE - MARGIN - BAND / 2
    for middle, text, size, half in ((bottom, NOTICE, 17.0, 235.0), (top, f"No {serial}", 15.0, 100.0)):
        plates.box((_CENTRE - half, middle - 14), (_CENTRE + half, middle + 14), PAPER)
        for x in (_CENTRE - half, _CENTRE + half):
            plates.line([(x, middle - 14), (x, middle + 14)], 1.6, INK)
        compositor.set_small(text, (_CENTRE, middle + 6), size)
