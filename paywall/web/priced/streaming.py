"""A handler's answer that goes out as it comes: credits are taken when it begins, and it is kept nowhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope

from paywall.redemptions.fulfilment import Delivery, UseOrder
from paywall.web.priced.answers import MEDIA_TYPE, packed, unpacked
from paywall.web.priced.handling import MAX_ANSWER, Declined, HandlerRaised, Handling
from shared.dialects.base import HeaderLines

#: pieces that wait for a slow client; then the handler waits
WAITING = 16


class Streaming(Handling):
    """The fulfilment of one request by its handler, as far as its answer's head."""

    #: what follows the head, once it is there
    stream: "Stream | None" = None

    async def perform(self, order: UseOrder) -> Delivery:
        """As `Handling.perform`; the delivery is the head alone."""
        self._request.state.redemption_id = order.redemption_id
        try:
            stream = Stream(await self._endpoint.answers(self._request), self._request)
            head = await stream.begin()
            status, headers = head["status"], head.get("headers", ())
            charged = self._endpoint.charges(status)
            answer = packed(status, headers, b"" if charged else await stream.rest())
        except Exception as error:
            raise HandlerRaised from error
        if not charged:
            raise Declined(answer)
        self.stream = stream
        return Delivery(answer, MEDIA_TYPE)

    async def abandon(self) -> None:
        if self.stream is not None:
            await self.stream.end()


class Stream:
    """An answer on its way. Whoever takes its pieces ends it, too."""

    def __init__(self, response: Response, request: Request) -> None:
        self._begun: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        scope = {**request.scope, "extensions": {}}
        self._running = asyncio.create_task(self._run(response, scope, request.receive))

    async def begin(self) -> Message:
        """The message that begins it. Errors: the handler's."""
        both: set[asyncio.Future[Any]] = {self._begun, self._running}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not self._begun.done():
            self._running.result()
            raise RuntimeError("the handler's answer did not begin")
        return self._begun.result()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Errors: the handler's, where it ends in the middle: so does the client's answer."""
        try:
            while (piece := await self._next()) is not None:
                yield piece
        finally:
            await self.end()

    async def rest(self) -> bytes:
        """All of it. Errors: ValueError for too much."""
        body = bytearray()
        async for piece in self.pieces():
            body += piece
            if len(body) > MAX_ANSWER:
                raise ValueError(f"an answer that is not charged for has at most {MAX_ANSWER:,} bytes")
        return bytes(body)

    async def end(self) -> None:
        """Work behind an answer that was sent goes on; one that nobody takes is ended."""
        if not self._running.done() and self._begun.done() and not self._sent:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def _run(self, response: Response, scope: Scope, receive: Receive) -> None:
        await response(scope, receive, self._send)

    async def _next(self) -> bytes | None:
        waiting = asyncio.ensure_future(self._pieces.get())
        both: set[asyncio.Future[Any]] = {waiting, self._running}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        self._running.result()
        return self._pieces.get_nowait() if not self._pieces.empty() else None

    #: whether the last piece was handed out
    _sent = False

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun.set_result(message)
            return
        if message.get("body"):
            await self._pieces.put(message["body"])
        if not message.get("more_body", False):
            self._sent = True
            await self._pieces.put(None)


class StreamedResponse(StreamingResponse):
    """The head of a delivery, and its stream."""

    def __init__(self, head: bytes, stream: Stream) -> None:
        whole = unpacked(head)
        super().__init__(stream.pieces(), whole.status_code)
        self.raw_headers = [line for line in whole.raw_headers if line[0] != b"content-length"]

    def append(self, lines: HeaderLines) -> None:
        """As `WholeResponse.append`."""
        self.raw_headers += [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in lines
        ]
