"""Choices that look random and are the same for the same subject, on every machine and in every process."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from paywall.products.images.maker import Subject

T = TypeVar("T")


class Chance:
    """A stream of choices from SHA-256 over the subject."""

    def __init__(self, subject: Subject) -> None:
        """Start the subject's stream."""
        self._seed = hashlib.sha256(
            f"{subject.kind}\0{subject.text}".encode("utf-8", "surrogatepass")
        ).digest()
        self._drawn = 0

    @property
    def serial(self) -> str:
        """Eight hex digits to print on the poster, as on a banknote."""
        return f"{self._seed[:2].hex()} {self._seed[2:4].hex()}".upper()

    def below(self, bound: int) -> int:
        """The next choice: an integer from 0 to bound - 1."""
        self._drawn += 1
        block = hashlib.sha256(self._seed + self._drawn.to_bytes(4, "big")).digest()
        return int.from_bytes(block[:8], "big") % bound

    def choice(self, options: Sequence[T]) -> T:
        """The next choice: one of the options."""
        return options[self.below(len(options))]
