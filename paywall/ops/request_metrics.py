"""Requests, counted as they pass: prometheus_client's own objects take a tenth of a 402's time. It reads these."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_TEXTS = (*(str(float(bound)) for bound in BOUNDS), "+Inf")


class RequestMetrics(Collector):
    """For one thread, the event loop's."""

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str, int], int] = {}
        #: route → how many took up to each bound and not up to the one before
        self._took: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One more. `route` is a template: there are no more of them than the app has."""
        kind = method, route, status
        self._answered[kind] = self._answered.get(kind, 0) + 1
        took = self._took.get(route)
        if took is None:
            took = self._took[route] = [0] * len(_TEXTS)
        took[bisect_left(BOUNDS, seconds)] += 1
        self._seconds[route] = self._seconds.get(route, 0.0) + seconds

    def collect(self) -> Iterable[Metric]:
        """What prometheus_client asks for at each exposition."""
        answered = CounterMetricFamily(
            "paywall_requests", "Requests answered", labels=["method", "route", "status"]
        )
        for (method, route, status), count in self._answered.items():
            answered.add_metric([method, route, str(status)], count)
        seconds = HistogramMetricFamily("paywall_request_seconds", "Time to answer", labels=["route"])
        for route, took in self._took.items():
            buckets = list(zip(_TEXTS, map(float, accumulate(took)), strict=True))
            seconds.add_metric([route], buckets, self._seconds[route])
        return answered, seconds
