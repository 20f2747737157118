"""Fits a text into a box, and sets type on the plates."""

from collections.abc import Sequence
from dataclasses import dataclass

from paywall.products.images.poster.lines import Line, balance_lines, break_lines
from paywall.products.images.poster.plates import INK, PAPER, Plates, Point
from paywall.products.images.poster.spelling import EM_DASH, EN_DASH, Sort, spell

# All but the sizes are parts of the type size.
_SIZES = (80, 72, 64, 57, 51, 46, 41, 37, 33, 30, 27, 24.5, 22.5, 20.5, 19, 17.5, 16, 14.5, 13, 12)
_CAP_HEIGHT = 0.7
_LEADING = 1.38
_CAPITALS_TRACKING = 0.14
_SMALL_TRACKING = 0.04
_DASH_WIDTHS = {EN_DASH: 0.62, EM_DASH: 1.0}
_DASH_HEIGHT = 0.27
_TILE_WIDTH = 1.06
_TILE_DIGITS = {2: 0.42, 3: 0.33}

# A few lines stand in the middle, as on a title page; more start at one edge, as on any other page.
_MOST_CENTRED_LINES = 8


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A text broken into lines, at a size that fits its box."""

    lines: Sequence[Line]
    size: float

    @property
    def height(self) -> float:
        """From the top of the first line's capitals to the last base line."""
        return self.size * (_LEADING * (len(self.lines) - 1) + _CAP_HEIGHT)


class Compositor:
    """Measures type and sets it."""

    def __init__(self, plates: Plates) -> None:
        """Set type on these plates."""
        self._plates = plates
        self._widths: dict[str, float] = {}

    def fit(self, text: str, width: float, height: float) -> TextBlock:
        """Break the text at the largest size at which it fits the box (at the smallest, if at none)."""
        sorts = spell(text)
        for size in _SIZES:
            block = TextBlock(break_lines(sorts, width / size, self._width), size)
            if block.height <= height:
                break
        if len(block.lines) > _MOST_CENTRED_LINES:
            return block
        return TextBlock(balance_lines(sorts, width / size, self._width), size)

    def set_block(self, block: TextBlock, centre_x: float, top: float) -> None:
        """Set the lines of a fitted text."""
        lengths = [self._length(line) * block.size for line in block.lines]
        page = max(lengths) if len(lengths) > _MOST_CENTRED_LINES else None
        for number, (line, length) in enumerate(zip(block.lines, lengths, strict=True)):
            left = centre_x - (page or length) / 2
            self._set(line, (left, top + block.size * (_CAP_HEIGHT + number * _LEADING)), block.size)

    def set_capitals(self, text: str, centre_base: Point, size: float, widest: float) -> None:
        """Set one spaced line of capitals in the middle, smaller if it would be wider than `widest`."""
        line = spell(text.upper())
        length = self._length(line, _CAPITALS_TRACKING)
        size = min(size, widest / length)
        left = centre_base[0] - length * size / 2
        self._set(line, (left, centre_base[1]), size, _CAPITALS_TRACKING)

    def set_small(self, text: str, centre_base: Point, size: float) -> None:
        """Set one line as it is, in the middle."""
        line = spell(text)
        left = centre_base[0] - self._length(line, _SMALL_TRACKING) * size / 2
        self._set(line, (left, centre_base[1]), size, _SMALL_TRACKING)

    def _width(self, sort: Sort) -> float:
        # Kept by text, which tells sorts apart as well (only tiles have four characters or more): it is asked
        # for a hundred thousand times for a long prompt, and a string's hash costs nothing.
        if sort.text not in self._widths:
            self._widths[sort.text] = self._measure(sort)
        return self._widths[sort.text]

    def _measure(self, sort: Sort) -> float:
        if sort.kind == "tile":
            return _TILE_WIDTH
        return _DASH_WIDTHS[sort.text] if sort.kind == "dash" else self._plates.text_width(sort.text)

    def _length(self, line: Line, tracking: float = 0.0) -> float:
        return sum(map(self._width, line)) + tracking * (len(line) - 1)

    def _set(self, line: Line, left_base: Point, size: float, tracking: float = 0.0) -> None:
        x, base = left_base
        for sort in line:
            width = self._width(sort) * size
            if sort.kind == "tile":
                self._tile(sort.text, (x, base), size)
            elif sort.kind == "dash":
                self._dash((x, base), width, size)
            else:
                self._plates.text(sort.text, (x, base), size, INK)
            x += width + tracking * size

    def _dash(self, left_base: Point, width: float, size: float) -> None:
        x, middle = left_base[0], left_base[1] - _DASH_HEIGHT * size
        gap, half = 0.04 * size, 0.032 * size
        self._plates.box((x + gap, middle - half), (x + width - gap, middle + half), INK)

    def _tile(self, digits: str, left_base: Point, size: float) -> None:
        """A framed box with the digits in two rows."""
        x, base = left_base
        left, right, top, bottom = x + 0.06 * size, x + 0.98 * size, base - 0.82 * size, base + 0.16 * size
        rule = 0.045 * size
        self._plates.box((left, top), (right, bottom), INK)
        self._plates.box((left + rule, top + rule), (right - rule, bottom - rule), PAPER)
        half = (len(digits) + 1) // 2
        digit_size = _TILE_DIGITS[half] * size
        for row, part in enumerate((digits[:half], digits[half:])):
            start = (left + right - self._plates.text_width(part) * digit_size) / 2
            self._plates.text(part, (start, base + (0.42 * row - 0.4) * size), digit_size, INK)
