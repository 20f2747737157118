"""A budget for the questions that strangers' requests make us ask elsewhere: a chain service has a quota of its own."""

from collections.abc import Callable

from paywall.limits.buckets import Buckets, interval
from paywall.limits.limiter import asking
from paywall.limits.settings import CHAIN_CALLS, LimitSettings

#: stands for every client, which no network is called
EVERYBODY = "everybody"


class OutsideCalls:
    """Counts in memory, each process for itself. The worker asks for nobody, and is not counted."""

    def __init__(self, settings: LimitSettings, now: Callable[[], int]) -> None:
        """`now` in microseconds."""
        self._settings = settings
        self._now = now
        self._buckets = Buckets()

    def count(self) -> None:
        """One more for whoever is asking, and one of all. Errors: TooManyRequests."""
        client = asking.get()
        if client is None:
            return
        now, settings = self._now(), self._settings
        own = settings.per_minute(CHAIN_CALLS, local=client.local)
        of_all = settings.chain_calls_of_all(local=client.local)
        for whose, per_minute in ((client.network, own), (EVERYBODY, of_all)):
            if per_minute:
                self._buckets.take((whose, CHAIN_CALLS), now, interval(per_minute))
