"""The pure parts of a poster: spelling with one small font, and line breaking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywall.products.images.maker import Subject
from paywall.products.images.poster.chance import Chance
from paywall.products.images.poster.lines import balance_lines, break_lines
from paywall.products.images.poster.palettes import PALETTES
from paywall.products.images.poster.plates import Colour, Plates
from paywall.products.images.poster.spelling import Sort, spell


def shown(text: str) -> str:
    return "".join(sort.text if sort.kind != "tile" else f"[{sort.text}]" for sort in spell(text))


def one(_: Sort) -> float:
    return 1.0


def broken(text: str, measure: float) -> list[str]:
    return ["".join(sort.text for sort in line) for line in break_lines(spell(text), measure, one)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ASCII ~!", "plain ASCII ~!"),
        ("caf\u00e9 na\u00efve \u0141\u00f3d\u017a", "cafe naive Lodz"),
        ("stra\u00dfe \u00c6sir \ufb01n", "strasse AEsir fin"),
        ("\u201cquoted\u201d \u00ab5\u00b0\u00bb", "\u201cquoted\u201d \u00ab5\u00b0\u00bb"),
        ("1861\u20131865 \u2014 \u22121", "1861\u20131865 \u2014 \u20131"),
        ("\u5c71", "[5C71]"),
        ("\u03a9\u0416", "[03A9][0416]"),
        ("\U0001f469\u200d\U0001f680\ufe0f", "[1F469][1F680]"),
        ("e\u0301\u0323", "e"),
        ("a\u00a0b", "a b"),
    ],
    ids=[
        "ASCII", "accents", "ligatures", "quotes", "dashes", "CJK", "Greek and Cyrillic", "emoji", "marks",
        "no-break space",
    ],
)  # fmt: skip
def test_a_text_is_spelt_with_what_the_font_has(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_the_font_has_every_letter_that_spelling_uses() -> None:
    letters = {
        sort.text for code in range(0x20, 0x3000) for sort in spell(chr(code)) if sort.kind == "letter"
    }
    plates = Plates()
    missing = bytes(plates._font(30).getmask("\uffff"))
    assert [letter for letter in letters if bytes(plates._font(30).getmask(letter)) == missing] == []


@pytest.mark.parametrize(
    ("text", "measure", "lines"),
    [
        ("one two three", 20, ["one two three"]),
        ("one two three", 7, ["one two", "three"]),
        ("  one   two  ", 4, ["one", "two"]),
        ("aaa b c", 3, ["aaa", "b c"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("a bcdefghij k", 4, ["a bc", "defg", "hij", "k"]),
        ("", 4, []),
    ],
    ids=[
        "fits",
        "at a space",
        "outer spaces go",
        "a space at the break",
        "long word",
        "long word among short ones",
        "empty",
    ],
)
def test_lines_break_at_spaces_and_long_words_anywhere(text: str, measure: float, lines: list[str]) -> None:
    assert broken(text, measure) == lines


@given(st.text(alphabet="ab \u5c71\u00e9", max_size=200), st.integers(1, 30))
def test_no_line_is_too_long_and_nothing_but_spaces_is_lost(text: str, measure: int) -> None:
    lines = break_lines(spell(text), measure, one)
    assert all(len(line) <= measure for line in lines)
    kept = [sort for line in lines for sort in line if sort.text != " "]
    assert kept == [sort for sort in spell(text) if sort.text != " "]


@given(st.text(alphabet="abc ", max_size=120), st.integers(3, 30))
def test_balanced_lines_are_as_many_and_no_longer(text: str, measure: int) -> None:
    plain, balanced = break_lines(spell(text), measure, one), balance_lines(spell(text), measure, one)
    assert len(balanced) == len(plain)
    assert max(map(len, balanced), default=0) <= max(map(len, plain), default=0)


def luminance(colour: Colour) -> float:
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_lettering_is_easy_to_read_on_every_paper() -> None:
    """WCAG 2.2, success criterion 1.4.6: a contrast of at least 7 to 1."""
    for palette in PALETTES:
        low, high = sorted((luminance(palette.paper), luminance(palette.ink)))
        assert (high + 0.05) / (low + 0.05) >= 7, palette


def test_chance_is_the_same_for_the_same_subject_and_reaches_every_choice() -> None:
    first, second = Chance(Subject("prompt", "a")), Chance(Subject("prompt", "a"))
    drawn = [first.below(7) for _ in range(200)]
    assert drawn == [second.below(7) for _ in range(200)]
    assert set(drawn) == set(range(7))
