"""A profile in a medallion: schematic on purpose, and told apart by a Likeness.

Outlines are in head units: x to the right, y down, the middle of the head at the origin, the face to the
left, from crown to chin about one unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from paywall.products.images.poster import outlines
from paywall.products.images.poster.curves import arc, smooth
from paywall.products.images.poster.likeness import Likeness
from paywall.products.images.poster.plates import Plates, Point, Tone


@dataclass(frozen=True, slots=True)
class Portrait:
    """Draws in a light and a dark tone, with one between them for grey hair."""

    plates: Plates
    centre: Point
    radius: float
    light: Tone
    dark: Tone
    grey: Tone

    def draw(self, likeness: Likeness) -> None:
        """Draw the bust over its background, from what lies behind to what lies in front."""
        hair = self.grey if likeness.grey else self.dark
        if likeness.hair == "queue":
            self._fill(outlines.QUEUE, hair)
            self._fill(outlines.BOW, self.dark)
        self._fill(outlines.NECK, self.light)
        self._coat()
        self._fill(_face(likeness), self.light)
        self._clothes()
        self._features(likeness)
        self._hair(likeness)
        self._ear()
        if likeness.hat:
            self._hat()

    def _coat(self) -> None:
        shoulders = [self._place(point) for point in smooth(outlines.COAT)]
        self.plates.polygon([*shoulders, *arc(self.centre, self.radius + 2, 0.095, 0.36)], self.dark)
        for lapel in outlines.LAPELS:
            self._stroke(lapel, 0.012, self.light)

    def _clothes(self) -> None:
        self._fill(outlines.SHADE, self.grey)
        self._fill(outlines.SHIRT, self.light)
        self._fill(outlines.COLLAR, self.light)
        self._stroke([(-0.24, 0.44), (-0.1, 0.5), (0.1, 0.46), (0.33, 0.35)], 0.01, self.dark)
        self._fill(outlines.CRAVAT, self.grey)
        self._fill(outlines.KNOT, self.grey)

    def _hair(self, likeness: Likeness) -> None:
        hair, strand = (self.grey, self.dark) if likeness.grey else (self.dark, self.grey)
        self._fill(outlines.HAIR[likeness.hair], hair)
        strands = [*outlines.STRANDS[likeness.hair]]
        if likeness.beard != "none":
            self._fill(outlines.BEARDS[likeness.beard], hair)
            strands += outlines.BEARD_STRANDS[likeness.beard]
        if likeness.moustache:
            self._fill(outlines.MOUSTACHE, hair)
        for points in strands:
            self._stroke(points, 0.009, strand)

    def _hat(self) -> None:
        self.plates.polygon([self._place(point) for point in outlines.CROWN], self.dark)
        self._stroke(outlines.BAND, 0.06, self.grey)
        self._fill(outlines.BRIM, self.dark)

    def _features(self, likeness: Likeness) -> None:
        brow, thin = 0.028, 0.013
        self._stroke([(-0.36, -0.12), (-0.29, -0.142), (-0.19, -0.115)], brow, self.dark)
        self._stroke([(-0.335, -0.04), (-0.29, -0.062), (-0.225, -0.03)], thin, self.dark)
        self.plates.disc(self._place((-0.302, -0.036)), 0.019 * self._unit, self.dark)
        self._stroke([(-0.405 - likeness.nose / 2, 0.135), (-0.385, 0.115), (-0.37, 0.14)], thin, self.dark)
        self._stroke([(-0.4, 0.245), (-0.35, 0.248), (-0.31, 0.262)], thin, self.dark)

    def _ear(self) -> None:
        self._fill(outlines.EAR, self.light)
        self._stroke([(0.08, -0.05), (0.125, -0.05), (0.12, 0.0), (0.09, 0.05)], 0.012, self.dark)

    @property
    def _unit(self) -> float:
        return self.radius * 0.95

    def _place(self, point: Point) -> Point:
        return self.centre[0] + (point[0] + 0.06) * self._unit, self.centre[1] + (point[1] - 0.2) * self._unit

    def _fill(self, outline: Sequence[Point], tone: Tone) -> None:
        self.plates.polygon([self._place(point) for point in smooth(outline, closed=True)], tone)

    def _stroke(self, points: Sequence[Point], width: float, tone: Tone) -> None:
        self.plates.line([self._place(point) for point in smooth(points)], width * self._unit, tone)


def _face(likeness: Likeness) -> list[Point]:
    nose, chin = likeness.nose, likeness.chin
    profile = [
        (-0.36, -0.045),
        (-0.41 - nose * 0.7, 0.035),
        (-0.475 - nose, 0.1),
        (-0.462 - nose, 0.138),
        (-0.395, 0.16),
        (-0.398, 0.195),
        (-0.42, 0.224),
        (-0.388, 0.247),
        (-0.405, 0.274),
        (-0.37, 0.312),
        (-0.388 - chin, 0.37),
        (-0.35 - chin, 0.43),
    ]
    return [*outlines.FOREHEAD, *profile, *outlines.JAW, *outlines.SKULL]
