"""How often somebody may do something: the generic cell rate algorithm, one number a client."""

from paywall.errors import TooManyRequests

MINUTE = 60_000_000
#: clients that are remembered; beyond it those that were longest silent are forgotten
CLIENTS = 50_000

RateKey = tuple[str, str]


def interval(per_minute: int) -> int:
    """Microseconds that one call of so many a minute takes up."""
    return MINUTE // per_minute


def wait(full_at: int, now: int, step: int) -> int:
    """Seconds until one more call has room in a bucket that is full until `full_at`; 0 or less: it has now.

    A client may use a minute's calls at once, and then as fast as they come back. Times in microseconds.
    """
    return -((now + MINUTE - max(full_at, now) - step) // 1_000_000)


class Buckets:
    """Those of one process, in memory that is bounded whatever the number of clients."""

    def __init__(self, clients: int = CLIENTS) -> None:
        self._clients = clients
        self._full_at: dict[RateKey, int] = {}

    def take(self, bucket: RateKey, now: int, step: int) -> None:
        """Errors: TooManyRequests; nothing was taken."""
        full_at = max(self._full_at.get(bucket, 0), now)
        seconds = wait(full_at, now, step)
        if seconds > 0:
            raise TooManyRequests(seconds)
        self.note(bucket, full_at + step)

    def note(self, bucket: RateKey, full_at: int) -> None:
        """What is known of a bucket, from here or from the other processes."""
        self._full_at.pop(bucket, None)  # so that the order is that of the last call
        self._full_at[bucket] = full_at
        if len(self._full_at) > self._clients:
            del self._full_at[next(iter(self._full_at))]

    def __len__(self) -> int:
        return len(self._full_at)
