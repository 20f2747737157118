"""Where a connection stands in what it reads."""

from enum import Enum, auto


class Awaited(Enum):
    """What comes next from the client."""

    BETWEEN = auto()  # a request's first byte
    HEAD = auto()
    BODY = auto()
    NOTHING = auto()  # that anybody would look at: it was refused, or is closing
