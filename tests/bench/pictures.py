"""1,000 posters drawn one after the other: how slow the API's slowest answers are meanwhile.

The server and the processes that draw for it share one core.
"""

import asyncio
import statistics
import time
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from shared.keys import SigningKey
from shared.tokens import dpop
from tests.bench.load import Request
from tests.bench.process import free_port, served
from tests.bench.servers import ours
from tests.bench.servers.ours import Buyer
from tests.bench.steady import Steady, steady

T = TypeVar("T")
WINDOW_SECONDS = 4.0
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Drawn:
    """402s at one rate, before and in each window while the posters were drawn."""

    posters: int
    seconds: float
    usual: Steady
    meanwhile: list[Steady]

    @property
    def ratio(self) -> float:
        """The p99 of the middle window ÷ the usual one."""
        return statistics.median(one.p99 for one in self.meanwhile) / self.usual.p99


def measure_pictures(folder: Path, *, posters: int, rate: float) -> Drawn:
    """`rate`: 402s a second meanwhile."""
    port = free_port()
    buyer = ours.buy(folder, port)
    with served("pictures", folder, port) as server:

        def window() -> Steady:
            order = Request(ours.BUY, body='{"credits":1}', headers={"Content-Type": "application/json"})
            return steady(server.url, order, status=402, rate=rate, seconds=WINDOW_SECONDS)

        window()  # the first answers of a process are no measure
        usual = window()
        started = time.perf_counter()
        meanwhile = during(_draw(server.url, buyer, posters), window)
        return Drawn(posters, time.perf_counter() - started, usual, meanwhile)


def during(work: Coroutine[Any, Any, None], window: Callable[[], T]) -> list[T]:
    """What each window gave, one after the other, until the work beside has ended. Errors: the work's own."""
    found: list[T] = []
    with ThreadPoolExecutor(1) as beside:
        working = beside.submit(asyncio.run, work)
        while not working.done():
            found.append(window())
        working.result()
    return found


async def _draw(base_url: str, buyer: Buyer, posters: int) -> None:
    left = iter(range(posters))
    key, url = SigningKey.from_seed(buyer.seed), base_url + ours.GENERATE

    async def ask(http: httpx.AsyncClient) -> None:
        for number in left:
            now, jti = int(time.time()), str(uuid.uuid4())
            proof = dpop.make(key, method="POST", url=url, now=now, jti=jti, token=buyer.receipt)
            headers = {"Authorization": f"DPoP {buyer.receipt}", "DPoP": proof}
            answer = await http.post(url, json={"prompt": f"poster {number}"}, headers=headers)
            assert answer.status_code == 200, answer.text

    async with httpx.AsyncClient(timeout=60) as http:
        await asyncio.gather(*(ask(http) for _ in range(AT_ONCE)))
