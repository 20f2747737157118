"""Paying any 402 on the way, as an httpx.Auth for both of its clients.

budget = Budget(per_purchase="1.00 USD")
async with httpx.AsyncClient(auth=PaymentAuth(wallet, budget)) as client:
    report = await client.post("https://seller.example/report", json={"town": "Bergen"})
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from buyer.budget import Budget
from buyer.errors import SellerFault, nothing
from buyer.paying.calling import Calling
from buyer.paying.steps import Pause, ReadWhole, Step, Steps
from buyer.seller.session import Context
from buyer.wallet.file import Wallet

#: seconds that one call is asked again while its payment is not final
WAIT_SECONDS = 300.0
_SENDING = "send_request_headers.started"


class PaymentAuth(httpx.Auth):
    """Pays what a 402 asks, in x402 (both versions), MPP and ACK-Pay, from `wallet` within `budget`.

    `by` names one of them; without it, ACK-Pay is for what can be paid in no other.
    Errors are those of `buyer.errors`, raised from the client's call. After an answer that was lost (httpx's own
    errors, StillPending) the same call (method, URL, body) shows the same payment, in the next process too. A
    redirect is never followed with a payment over a network.
    """

    requires_request_body = True

    def __init__(
        self,
        wallet: Wallet,
        budget: Budget,
        *,
        wait: float = WAIT_SECONDS,
        by: str | None = None,
        say: Callable[[str], None] = nothing,
        environment: Mapping[str, str] = os.environ,
        now: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self._calling = Calling(wallet, budget, Context(now, environment, say, nothing), wait=wait, by=by)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Work that waits is done in a thread of its own: this one may have a running loop already."""
        request.read()
        steps = self._calling.steps(request)
        try:
            answer: Any = None
            while (step := _next(steps, answer)) is not None:
                if isinstance(step, httpx.Request):
                    step.extensions["trace"] = _watch(step)
                    answer = yield step
                else:
                    answer = _taken(step)
        finally:
            steps.close()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """See `sync_auth_flow`; what waits is awaited."""
        await request.aread()
        steps = self._calling.steps(request)
        try:
            answer: Any = None
            while (step := _next(steps, answer)) is not None:
                if isinstance(step, httpx.Request):
                    step.extensions["trace"] = _awaitable(_watch(step))
                    answer = yield step
                elif isinstance(step, ReadWhole):
                    answer = await step.response.aread()
                elif isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    answer = None
                else:
                    answer = await step
        finally:
            steps.close()


def _next(steps: Steps, answer: Any) -> Step | None:
    """None at the end."""
    try:
        return steps.send(answer)
    except StopIteration:
        return None


def _taken(step: Step) -> Any:
    if isinstance(step, ReadWhole):
        return step.response.read()
    if isinstance(step, Pause):
        time.sleep(step.seconds)
        return None

    async def run() -> Any:
        return await step  # type: ignore[misc]  # the requests are the client's to send

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, run()).result()


Trace = Callable[[str, Mapping[str, Any]], None]


def _watch(request: httpx.Request) -> Trace:
    """Stops a client that follows redirects: it would send the payment's header along, wherever it is sent to."""
    sent: list[str] = []

    def look(event: str, _info: Mapping[str, Any]) -> None:
        if event.endswith(_SENDING):
            sent.append(event)
            if len(sent) > 1 and _shows_payment(request):
                raise SellerFault("redirected", "a redirect is never followed with a payment")

    return look


def _shows_payment(request: httpx.Request) -> bool:
    shown = request.headers.get("authorization", "").startswith("Payment ")
    return (
        shown
        or "shows_receipt" in request.extensions
        or "payment-signature" in request.headers
        or "x-payment" in request.headers
    )


def _awaitable(look: Trace) -> Callable[[str, Mapping[str, Any]], Any]:
    async def watch(event: str, info: Mapping[str, Any]) -> None:
        look(event, info)

    return watch
