"""How many characters a regular expression looks at: a backtracking matcher that counts, for what no clock may say.

It walks the tree that `re` itself parses, in the order in which `re` tries: greedy, and back again where the
pattern may. `re` skips some of these steps; it never takes fewer by more than a constant factor.
"""

import re
from collections.abc import Iterator, Sequence
from re import _constants as op
from re import _parser
from typing import Any

Tree = Sequence[tuple[Any, Any]]


class StepCounter:
    """Matches `text` and counts in `steps` every character that is compared."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self._tree: Tree = list(_parser.parse(pattern.pattern, pattern.flags))
        self._text = text
        self.steps = 0

    def fullmatch(self) -> int:
        """The steps until the whole text matches, or every way to match it was tried."""
        any(end == len(self._text) for end in self._sequence(self._tree, 0))
        return self.steps

    def scan(self) -> int:
        """The steps of looking for every match from left to right, as `findall`, `sub` and `split` do."""
        at = 0
        while at <= len(self._text):
            end = next(self._sequence(self._tree, at), at)
            at = max(end, at + 1)
        return self.steps

    def _sequence(self, tree: Tree, at: int) -> Iterator[int]:
        if not tree:
            yield at
            return
        for end in self._one(*tree[0], at):
            yield from self._sequence(tree[1:], end)

    def _one(self, code: Any, argument: Any, at: int) -> Iterator[int]:
        match code:
            case op.LITERAL | op.NOT_LITERAL | op.ANY | op.IN:
                self.steps += 1
                if at < len(self._text) and _fits(code, argument, self._text[at]):
                    yield at + 1
            case op.MAX_REPEAT | op.MIN_REPEAT:
                yield from self._repeat(argument, at)
            case op.POSSESSIVE_REPEAT:
                yield from _first(self._repeat(argument, at))
            case op.ATOMIC_GROUP:
                yield from _first(self._sequence(list(argument), at))
            case op.SUBPATTERN:
                yield from self._sequence(list(argument[-1]), at)
            case op.BRANCH:
                for branch in argument[1]:
                    yield from self._sequence(list(branch), at)
            case _:
                raise NotImplementedError(code)

    def _repeat(self, argument: Any, at: int) -> Iterator[int]:
        """The ends of the longest repetition, and of each shorter one when it is asked to give back."""
        low, high, body = argument
        tree = list(body)
        path = [(at, self._sequence(tree, at))]
        while path:
            here, more = path[-1]
            end = next(more, None) if len(path) <= high else None
            if end is not None and end > here:
                path.append((end, self._sequence(tree, end)))
                continue
            path.pop()
            if len(path) >= low:
                yield here


def _first(ends: Iterator[int]) -> Iterator[int]:
    """What is possessive gives nothing back."""
    end = next(ends, None)
    if end is not None:
        yield end


def _fits(code: Any, argument: Any, character: str) -> bool:
    if code is op.ANY:
        return True  # every pattern of ours with a dot is DOTALL, or fails the sooner without it
    if code is op.IN:
        return in_class(argument, character)
    return (ord(character) == argument) is (code is op.LITERAL)


def in_class(members: Sequence[tuple[Any, Any]], character: str) -> bool:
    """Whether a character class holds the character."""
    holds, negated = False, False
    for code, argument in members:
        match code:
            case op.NEGATE:
                negated = True
            case op.LITERAL:
                holds |= ord(character) == argument
            case op.RANGE:
                holds |= argument[0] <= ord(character) <= argument[1]
            case op.CATEGORY if argument is op.CATEGORY_DIGIT:
                holds |= character.isdigit()
            case _:
                raise NotImplementedError(code)
    return holds is not negated
