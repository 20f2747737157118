"""Where time and ids come from; rules take them as arguments, flows take these two functions."""

import time
import uuid
from collections.abc import Callable

Clock = Callable[[], int]
Ids = Callable[[], str]


def unix_now() -> int:
    return int(time.time())


def new_id() -> str:
    """122 random bits: an id that is also the key to what it names (redemptions, images) cannot be guessed."""
    return str(uuid.uuid4())
