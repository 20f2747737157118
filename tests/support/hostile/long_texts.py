"""Texts that make a regular expression work: a text that it takes, with one piece said over and over inside."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from re import _constants as op
from re import _parser
from typing import Any

from tests.support.hostile.regex_steps import in_class

#: what stands for a character class that holds it
USUAL = 'a0Z/\\".: \u00e9'
WRONG = "\x00"
MOST_PLACES, MOST_LETTERS, MOST_PAIRED = 12, 8, 4


def long_texts(pattern: re.Pattern[str], count: int) -> Iterator[str]:
    """Each with a piece repeated `count` times, some of which the pattern takes and most of which it does not."""
    tree = _parser.parse(pattern.pattern, pattern.flags)
    letters = list(dict.fromkeys(_letters(tree)))[:MOST_LETTERS]
    pieces = [*letters, *(a + b for a, b in product(letters[:MOST_PAIRED], repeat=2) if a != b)]
    short = _shortest(tree)
    for place, piece, end in product(range(min(len(short), MOST_PLACES) + 1), pieces, ("", WRONG)):
        yield short[:place] + piece * count + short[place:] + end


def _letters(tree: Any) -> Iterator[str]:
    for code, argument in tree:
        if code in {op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY}:
            yield _example(code, argument)
        for inner in _inner(code, argument):
            yield from _letters(inner)


def _shortest(tree: Any) -> str:
    """A text that the pattern takes, with each repetition once where it may be left out."""
    found = ""
    for code, argument in tree:
        inner = _inner(code, argument)
        if inner:
            times = max(argument[0], 1) if code in {op.MAX_REPEAT, op.POSSESSIVE_REPEAT} else 1
            found += _shortest(inner[0]) * times
        else:
            found += _example(code, argument)
    return found


def _inner(code: Any, argument: Any) -> Sequence[Any]:
    if code in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT, op.SUBPATTERN}:
        return [argument[-1]]
    if code is op.ATOMIC_GROUP:
        return [argument]
    return list(argument[1]) if code is op.BRANCH else []


def _example(code: Any, argument: Any) -> str:
    if code is op.LITERAL:
        return chr(argument)
    if code is op.NOT_LITERAL:
        return next(letter for letter in USUAL if ord(letter) != argument)
    if code is op.ANY:
        return USUAL[0]
    every = USUAL + "".join(map(chr, range(0x20, 0x7F)))
    return next(letter for letter in every if in_class(argument, letter))
