"""Two printing plates on coloured paper, drawn large and reduced, so that edges come out smooth.

Coordinates and widths are in pixels of the finished picture, as floats, from the top left corner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

SIZE = 1024
SCALE = 3
# Sixteen strengths of two colours are exactly the 256 entries of a palette PNG: a small file, and no colour
# in it is approximated.
STEPS = 16
_MEASURE = 100.0

Point = tuple[float, float]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """The paper, the second colour, and the colour of lettering."""

    paper: Colour
    tint: Colour
    ink: Colour

    @property
    def dark_paper(self) -> bool:
        """Whether the ink is the lighter of the two."""
        return sum(self.paper) < sum(self.ink)

    def entries(self) -> list[int]:
        """The 256 mixtures, red, green and blue in turn; entry `16 * tint step + ink step`."""
        steps = [step / (STEPS - 1) for step in range(STEPS)]
        tinted = [_mix(self.paper, self.tint, step) for step in steps]
        return [round(part) for under in tinted for step in steps for part in _mix(under, self.ink, step)]


@dataclass(frozen=True, slots=True)
class Tone:
    """What a stroke leaves on each plate, 0 to 255; None leaves that plate as it is."""

    tint: int | None
    ink: int | None


# Ink covers whatever tint lies beneath: to wipe the tint as well would leave a pale rim along every edge.
INK = Tone(None, 255)
TINT = Tone(255, 0)
PAPER = Tone(0, 0)


class Plates:
    """The drawing surface. Later strokes cover earlier ones. One thread at a time."""

    def __init__(self) -> None:
        """Start with two clean plates."""
        from PIL import Image, ImageDraw, ImageFont

        size = (SIZE * SCALE, SIZE * SCALE)
        self._tint, self._ink = Image.new("L", size), Image.new("L", size)
        self._draw_tint, self._draw_ink = ImageDraw.Draw(self._tint), ImageDraw.Draw(self._ink)
        self._load_font = ImageFont.load_default
        self._fonts: dict[float, FreeTypeFont] = {}

    def _on(self, tone: Tone) -> Iterator[tuple[ImageDraw, int]]:
        if tone.tint is not None:
            yield self._draw_tint, tone.tint
        if tone.ink is not None:
            yield self._draw_ink, tone.ink

    def polygon(self, points: Sequence[Point], tone: Tone) -> None:
        """Fill a polygon."""
        for draw, level in self._on(tone):
            draw.polygon(_scaled(points), fill=level)

    def line(self, points: Sequence[Point], width: float, tone: Tone) -> None:
        """Draw along the points."""
        for draw, level in self._on(tone):
            draw.line(_scaled(points), fill=level, width=max(1, round(width * SCALE)), joint="curve")

    def box(self, left_top: Point, right_bottom: Point, tone: Tone) -> None:
        """Fill an upright rectangle."""
        for draw, level in self._on(tone):
            draw.rectangle(_scaled((left_top, right_bottom)), fill=level)

    def disc(self, centre: Point, radius: float, tone: Tone) -> None:
        """Fill a circle."""
        for draw, level in self._on(tone):
            draw.ellipse(_around(centre, radius), fill=level)

    def ring(self, centre: Point, radius: float, width: float, tone: Tone) -> None:
        """Draw a circle whose outer edge has the radius."""
        for draw, level in self._on(tone):
            draw.ellipse(_around(centre, radius), outline=level, width=max(1, round(width * SCALE)))

    def text(self, text: str, left_base: Point, size: float, tone: Tone) -> None:
        """Set characters that the font has, with the left edge and the base line at the point."""
        x, y = left_base
        for draw, level in self._on(tone):
            draw.text((x * SCALE, y * SCALE), text, font=self._font(size), fill=level, anchor="ls")

    def text_width(self, text: str) -> float:
        """How far the characters advance, as a part of the type size."""
        return self._font(_MEASURE).getlength(text) / (_MEASURE * SCALE)

    def _font(self, size: float) -> FreeTypeFont:
        """Pillow's own scalable font, loaded for each poster: a font object must not be shared by threads."""
        if size not in self._fonts:
            font = self._load_font(size=size * SCALE)
            if not hasattr(font, "getlength"):
                raise RuntimeError("this Pillow was built without FreeType")
            self._fonts[size] = font  # type: ignore[assignment]
        return self._fonts[size]

    def to_png(self, palette: Palette, description: str) -> bytes:
        """Print the plates over each other and return a PNG file that carries `description` (Latin-1)."""
        from PIL import ImageChops
        from PIL.PngImagePlugin import PngInfo

        tint = self._tint.reduce(SCALE).point([_step(level) * STEPS for level in range(256)])
        ink = self._ink.reduce(SCALE).point([_step(level) for level in range(256)])
        picture = ImageChops.add(tint, ink)
        picture.putpalette(palette.entries())
        notes = PngInfo()
        notes.add_text("Description", description)
        file = BytesIO()
        picture.save(file, "PNG", pnginfo=notes)
        return file.getvalue()


def _mix(under: Sequence[float], over: Sequence[float], strength: float) -> tuple[float, ...]:
    return tuple(low + (high - low) * strength for low, high in zip(under, over, strict=True))


def _step(level: int) -> int:
    return round(level * (STEPS - 1) / 255)


def _scaled(points: Sequence[Point]) -> list[tuple[float, float]]:
    return [(x * SCALE, y * SCALE) for x, y in points]


def _around(centre: Point, radius: float) -> list[tuple[float, float]]:
    x, y = centre
    return _scaled(((x - radius, y - radius), (x + radius, y + radius)))
