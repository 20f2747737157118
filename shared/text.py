"""Strangers' words, made fit to be shown."""

LONGEST_TEXT = 300
#: a line that is mostly ours and may hold some of theirs
LONGEST_LINE = 2000


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
    and tags (words that read otherwise than they are), lone surrogates, private and unassigned characters.
    """
    return "".join(c if c.isprintable() else " " for c in str(text)[:longest])
