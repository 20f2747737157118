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
    """A UUIDv7 (RFC 9562 section 5.7): in the order of time, so that a database appends; 74 bits nobody can guess."""
    random = random_bytes()
    text = random.hex()
    # The variant's two bits, and two random ones of a byte that the text below does not show.
    variant = "89ab"[random[15] & 3]
    return f"{_stamp(time.time_ns() // 1_000_000)}-7{text[:3]}-{variant}{text[3:6]}-{text[6:18]}"


@lru_cache(maxsize=1)
def _stamp(milliseconds: int) -> str:
    """48 bits, which many ids of a millisecond share."""
    text = f"{milliseconds:012x}"
    return f"{text[:8]}-{text[8:]}"


def new_reference() -> str:
    """32 hex digits, 96 of their bits random: the key to what it names. In the order of time, as `new_id`."""
    return f"{unix_now():08x}{random_bytes().hex()[:24]}"
