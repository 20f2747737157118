"""Turns any text into what one small font can show. Pure.

Pillow's own font covers ASCII and some punctuation. Everything else becomes its plain Latin form where it has
one ("é" becomes "e"), and otherwise a tile with its number in Unicode, which is true to every script.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

EN_DASH = "\N{EN DASH}"
EM_DASH = "\N{EM DASH}"

_ASCII = frozenset(map(chr, range(0x20, 0x7F)))
_QUOTES = frozenset("«»“”\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}")
_IN_FONT = _ASCII | _QUOTES | frozenset("°±·…™\N{FRACTION SLASH}")
_DASHES = {
    "\N{FIGURE DASH}": EN_DASH, EN_DASH: EN_DASH, "\N{MINUS SIGN}": EN_DASH,
    EM_DASH: EM_DASH, "\N{HORIZONTAL BAR}": EM_DASH,
}  # fmt: skip
_PLAIN = {
    "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d",
    "Þ": "Th", "þ": "th", "Ð": "D", "ð": "d", "ß": "ss", "ẞ": "SS", "€": "EUR", "£": "GBP", "•": "·",
    "„": "“", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "\N{MULTIPLICATION SIGN}": "x",
    "\N{SINGLE LOW-9 QUOTATION MARK}": "'", "\N{HYPHEN}": "-", "\N{NON-BREAKING HYPHEN}": "-",
}  # fmt: skip
_MARKS = {"Mn", "Me", "Cf"}


@dataclass(frozen=True, slots=True)
class Sort:
    """One piece of type: a character of the font, a dash, or a tile with a code point in hexadecimal."""

    kind: Literal["letter", "dash", "tile"]
    text: str


def spell(text: str) -> list[Sort]:
    """The sorts for a text. Marks that only modify a neighbour are left out."""
    return [sort for character in text for sort in _spell_character(character)]


def _spell_character(character: str) -> Iterator[Sort]:
    if character in _DASHES:
        yield Sort("dash", _DASHES[character])
    elif unicodedata.category(character) not in _MARKS:
        plain = _PLAIN.get(character) or _decomposed(character)
        if _IN_FONT.issuperset(plain):
            yield from (Sort("letter", letter) for letter in plain)
        else:
            yield Sort("tile", f"{ord(character):04X}")


def _decomposed(character: str) -> str:
    """The character itself, without accents and in its ordinary form ("ﬁ" becomes "fi")."""
    if character in _IN_FONT:
        return character
    parts = unicodedata.normalize("NFKD", character)
    return "".join(part for part in parts if not unicodedata.combining(part)) or character
