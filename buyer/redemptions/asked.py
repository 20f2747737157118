"""A use that was asked for, and the numbers that the keys of one receipt go by. Values without I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from buyer.redemptions.jobs import WantedUse
from buyer.redemptions.series import KeySeries

#: words that are remembered of a broken series; forgetting them costs looks at the wallet, and no credit
MOST_WORDS = 10_000


@dataclass(slots=True)
class BrokenSeries:
    """A series that a process was torn from. `done` are the words that it holds no lost answer to any more."""

    keys: KeySeries
    next: dict[bytes, int] = field(default_factory=dict)
    done: set[bytes] = field(default_factory=set)

    def next_key(self, words: bytes, is_known: Callable[[str], bool]) -> str | None:
        """The first key of these words that the wallet does not know; None when there is nothing to find any more."""
        if words in self.done:
            return None
        if len(self.next) + len(self.done) > MOST_WORDS:
            self.next.clear()
            self.done.clear()
        number = self.next.get(words, 0)
        while is_known(key := self.keys.key(words, number)):
            number += 1
        self.next[words] = number + 1
        return key


@dataclass(slots=True)
class HeldSeries:
    """What the keys of one receipt are made of in this process until the next commit.

    `cost` is what all uses of the receipt cost; `unsure` when others may have asked for what is not noted yet.
    `begun` counts the uses since the last commit.
    """

    own: KeySeries
    broken: list[BrokenSeries]
    cost: int
    unsure: bool
    now: Callable[[], int]
    begun: int = 0
    next: dict[bytes, int] = field(default_factory=dict)

    def next_key(self, words: bytes) -> str:
        number = self.next.get(words, 0)
        self.next[words] = number + 1
        return self.own.key(words, number)


@dataclass(slots=True, eq=False)
class AskedUse:
    """`stored`: the wallet has its row. `of` is the broken series that its key is of, by these words."""

    use: WantedUse
    now: Callable[[], int]
    of: BrokenSeries | None = None
    words: bytes = b""
    stored: bool = False
    state: Literal["asked", "delivered", "ended"] = "asked"
    redemption_id: str | None = None


def digest(wanted: WantedUse) -> bytes:
    """What is asked, in 32 bytes. No path holds a NUL."""
    return sha256(f"{wanted.target}\0{wanted.body}".encode()).digest()
