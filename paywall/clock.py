"""Where time and ids come from; rules take them as arguments, flows take these functions."""

import os
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache

Clock = Callable[[], int]
Ids = Callable[[], str]


def unix_now() -> int:
    return int(time.time())


def unix_microseconds() -> int:
    return time.time_ns() // 1000


#: 16 random bytes each. The system is asked for many at once: it takes longer to ask than to make an id of the answer.
#: `pop` and `extend` of a deque are atomic, so that no two threads are given the same ones.
_random: deque[bytes] = deque()
_AT_ONCE = 4096
# What a forked child inherited is its parent's to use.
os.register_at_fork(after_in_child=_random.clear)


def random_bytes() -> bytes:
    """16 bytes of the system's own randomness, that nobody can guess and nobody was given before."""
    try:
        return _random.pop()
    except IndexError:
        fresh = os.urandom(_AT_ONCE)
        _random.extend(fresh[at : at + 16] for at in range(16, _AT_ONCE, 16))
        return fresh[:16]


def new_id() -> str:
    """A UUIDv7 (RFC 9562 section 5.7), 62 bits of it random. Later ones are greater, so that a database appends.

    The 12 bits after the version are the millisecond's fraction (section 6.2, method 3). Were they random, the ids of
    one commit would fall between one another, and a tree's pages be written that need not be.
    """
    random = random_bytes()
    text = random.hex()
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    # The variant's two bits, and two random ones of a byte that the text below does not show.
    variant = "89ab"[random[15] & 3]
    return f"{_stamp(milliseconds)}-7{(rest << 12) // 1_000_000:03x}-{variant}{text[:3]}-{text[3:15]}"


@lru_cache(maxsize=1)
def _stamp(milliseconds: int) -> str:
    """48 bits, which many ids of a millisecond share."""
    text = f"{milliseconds:012x}"
    return f"{text[:8]}-{text[8:]}"


def new_reference() -> str:
    """32 hex digits, 88 of their bits random: the key to what it names.

    The first 40 bits are the time in 1/256 s, so that those of one commit stand beside one another.
    """
    return f"{time.time_ns() * 256 // 1_000_000_000:010x}{random_bytes().hex()[:22]}"
