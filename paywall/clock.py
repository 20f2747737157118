"""Where time and ids come from; rules take them as arguments, flows take these functions."""

import secrets
import time
from collections.abc import Callable

Clock = Callable[[], int]
Ids = Callable[[], str]


def unix_now() -> int:
    return int(time.time())


def unix_microseconds() -> int:
    return time.time_ns() // 1000


def new_id() -> str:
    """A UUIDv7 (RFC 9562 section 5.7): in the order of time, so that a database appends; 74 bits nobody can guess."""
    random = secrets.randbits(74)
    high = time.time_ns() // 1_000_000 << 16 | 0x7000 | random >> 62
    text = f"{high:016x}{0x8000000000000000 | random & 0x3FFFFFFFFFFFFFFF:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_reference() -> str:
    """32 hex digits, 128 random bits: the key to what it names, which tells not even when that was."""
    return secrets.token_hex(16)
