"""A handler of an HTTP request as what credits buy: it is run once its credits are reserved, and its answer is kept."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from paywall.redemptions.fulfilment import Delivery, UseOrder
from paywall.web.priced.answers import MEDIA_TYPE, packed

log = logging.getLogger("paywall.priced")
#: of an answer that is kept: larger ones are a stream's business
MAX_ANSWER = 16 * 1024 * 1024

#: of Starlette's
Answers = Callable[[Request], Awaitable[Response]]
#: whether an answer of this status is charged for
Charges = Callable[[int], bool]
#: background work that goes on behind its answer; the loop itself keeps no task alive
_behind: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True)
class PricedEndpoint:
    """A handler, of which statuses it is charged for, and whether its answer goes out as it comes."""

    answers: Answers
    charges: Charges
    streams: bool


class Declined(Exception):
    """The handler answered, and with nothing that is charged for: `answer` goes to the client as it is."""

    def __init__(self, answer: bytes) -> None:
        super().__init__("the handler declined")
        self.answer = answer


class HandlerRaised(Exception):
    """The handler's own exception is the cause: for the app that it belongs to."""


class Handling:
    """The fulfilment of one request by its handler."""

    def __init__(self, endpoint: PricedEndpoint, request: Request) -> None:
        self._endpoint = endpoint
        self._request = request

    def read(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was asked stands in the redemption: the request's line and its body's hash."""
        return body

    async def perform(self, order: UseOrder) -> Delivery:
        """`request.state.redemption_id` is the handler's to be idempotent by. Errors: Declined, HandlerRaised."""
        self._request.state.redemption_id = order.redemption_id
        try:
            response = await self._endpoint.answers(self._request)
            status, answer = await _collected(response, self._request)
        except Exception as error:
            raise HandlerRaised from error
        if not self._endpoint.charges(status):
            raise Declined(answer)
        return Delivery(answer, MEDIA_TYPE)

    async def abandon(self) -> None:
        """Nobody takes the answer."""

    async def aclose(self) -> None:
        """Holds nothing."""


class Unattended:
    """The fulfilment of a priced resource where no request is at hand: what was reserved is released."""

    def read(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return body

    async def perform(self, order: UseOrder) -> Delivery:
        raise RuntimeError(f"redemption {order.redemption_id} has lost its request")

    async def aclose(self) -> None:
        """Holds nothing."""


def asynchronous(endpoint: Callable[[Request], Any]) -> Answers:
    """An endpoint as Starlette takes it: one that is no coroutine function runs in a thread."""
    if inspect.iscoroutinefunction(endpoint):
        return endpoint

    async def handler(request: Request) -> Response:
        answer: Response = await run_in_threadpool(endpoint, request)
        return answer

    return handler


def replaying(body: bytes) -> Receive:
    """Receives the body once, and then waits: the work is detached from its client's connection."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    return receive


async def _collected(response: Response, request: Request) -> tuple[int, bytes]:
    """Status, and the whole answer. Its background work goes on behind it."""
    if type(response).__call__ is Response.__call__ and response.background is None:
        # It has what it would send: a task to send it to nobody takes longer than most handlers, and keeps what is
        # answered at once from being captured in one commit with its reservation.
        _check_length(len(response.body))
        return response.status_code, packed(response.status_code, response.raw_headers, bytes(response.body))
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    head: list[Message] = []
    body = bytearray()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            head.append(message)
            return
        body.extend(message.get("body", b""))
        _check_length(len(body))
        if not message.get("more_body", False) and not ended.done():
            ended.set_result(None)

    running: asyncio.Task[None] = loop.create_task(_run(response, request, send))
    _behind.add(running)
    running.add_done_callback(_ended)
    try:
        await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
    except BaseException:
        running.cancel()
        raise
    if not ended.done():
        running.result()  # raises what it raised
        raise RuntimeError("the handler's answer did not end")
    return head[0]["status"], packed(head[0]["status"], head[0].get("headers", ()), bytes(body))


def _check_length(length: int) -> None:
    if length > MAX_ANSWER:
        raise ValueError(f"an answer that is kept has at most {MAX_ANSWER:,} bytes")


async def _run(response: Response, request: Request, send: Any) -> None:
    await response({**request.scope, "extensions": {}}, request.receive, send)


def _ended(task: asyncio.Task[None]) -> None:
    _behind.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a priced handler's answer, or its work behind it, failed", exc_info=error)
