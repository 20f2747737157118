"""Strangers' words, made fit to be shown."""

LONGEST_TEXT = 300
#: a line that is mostly ours and may hold some of theirs
LONGEST_LINE = 2000
# Printable by Unicode, and seen by nobody: fillers, joiners, variation selectors (256 of them: any byte can hide
# in a row of those, to be read by a program that takes our lines for ours).
_UNSEEN = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
        ),
    )
)


def is_storable(text: str) -> bool:
    """Whether every store can hold it: PostgreSQL has no room for NUL, and half a character is no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def counted(number: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def clean(text: object, longest: int = LONGEST_TEXT) -> str:
    """One short line for a terminal, a log or JSON.

    What is not printable becomes a space: control characters (escape sequences), line breaks, bidirectional controls
    and tags (words that read otherwise than they are), lone surrogates, private and unassigned characters; and
    so does what is printable and shows nothing.
    """
    short = str(text)[:longest]
    if short.isascii() and short.isprintable():
        return short
    return "".join(c if c.isprintable() and c not in _UNSEEN else " " for c in short)
