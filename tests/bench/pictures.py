"""1,000 posters drawn one after the other: how slow the API's slowest answers are meanwhile.

The server and the processes that draw for it share one core.
"""

import asyncio
import statistics
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx

from shared.keys import SigningKey
from shared.tokens import dpop
from tests.bench.load import Request
from tests.bench.process import free_port, served
from tests.bench.servers import ours
from tests.bench.servers.ours import Buyer
from tests.bench.steady import Steady, steady

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
        usual, meanwhile = window(), []
        started = time.perf_counter()
        drawing = threading.Thread(target=lambda: asyncio.run(_draw(server.url, buyer, posters)))
        drawing.start()
        while drawing.is_alive():
            meanwhile.append(window())
        drawing.join()
        return Drawn(posters, time.perf_counter() - started, usual, meanwhile)


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
