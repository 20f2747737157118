"""A use that was asked for, and the numbers that the keys of one receipt go by. Values without I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from buyer.redemptions.jobs import WantedUse
from buyer.redemptions.series import Taken

#: words whose numbers are remembered; forgetting them costs looks at the wallet, and no credit
MOST_WORDS = 10_000


@dataclass(slots=True)
class HeldSeries:
    """What the keys of one receipt are made of in this process until the next commit.

    `cost` is what all uses of the receipt cost; `unsure` when others may have asked for what is not noted yet.
    `begun` counts the uses since the last commit.
    """

    own: Taken
    cost: int
    unsure: bool
    now: Callable[[], int]
    begun: int = 0
    next: dict[bytes, int] = field(default_factory=dict)

    def next_key(self, words: bytes, is_known: Callable[[str], bool]) -> str:
        """The first key of these words that this process has not used, nor, in a broken series, the wallet knows.

        Of a broken one it may have been asked for all the same, and so may any after it: of uses side by side one may
        never have arrived, and those behind it have.
        """
        if len(self.next) > MOST_WORDS:
            self.next.clear()
        number = self.next.get(words, 0)
        while self.own.broken and is_known(self.own.keys.key(words, number)):
            number += 1
        self.next[words] = number + 1
        return self.own.keys.key(words, number)


@dataclass(slots=True, eq=False)
class AskedUse:
    """`stored`: the wallet has its row. `may_be_lost`: a process that was cut off may have asked for it before."""

    use: WantedUse
    now: Callable[[], int]
    may_be_lost: bool = False
    stored: bool = False
    state: Literal["asked", "delivered", "ended"] = "asked"
    redemption_id: str | None = None


def digest(wanted: WantedUse) -> bytes:
    """What is asked, in 32 bytes. No path holds a NUL."""
    return sha256(f"{wanted.target}\0{wanted.body}".encode()).digest()
