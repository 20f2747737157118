"""What a client leaves unread of its answers, and for how long that holds anything up."""

import math

#: a client that takes less than this in `idle_seconds` does not read its answer
PROGRESS_BYTES = 1024
#: after a stop, how long an answer that is made may lie unread: a stop waits for what is under way, and for no client
STOP_SECONDS = 5.0


class Unread:
    """Of one connection. Times are the event loop's."""

    def __init__(self) -> None:
        self._unsent = 0
        self._stopping = False
        self._given_up = math.inf

    def begin(self, now: float) -> None:
        """Something was written that the client may not read."""
        self._unsent = 0
        if self._stopping:
            self._given_up = min(self._given_up, now + STOP_SECONDS)

    def stop(self, now: float) -> None:
        """From here on what lies unread is given up after a while, however slowly it is read."""
        self._stopping = True
        self.begin(now)

    def given_up(self, now: float, unsent: int) -> bool:
        """Whether these bytes were waited for long enough, because of a stop."""
        if not unsent:
            self._given_up = math.inf
        return now >= self._given_up

    def is_taken(self, unsent: int) -> bool:
        """Whether some of it was read since this was asked last; true when it was not asked before."""
        taken = not self._unsent or self._unsent - unsent >= PROGRESS_BYTES
        self._unsent = unsent
        return taken
