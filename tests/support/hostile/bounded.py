"""Our own server over an app of three answers, and clients that write what they like on a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from paywall.limits.networks import TrustedProxies
from paywall.serving.acceptor import bind
from paywall.serving.http_server import HttpServer
from paywall.serving.settings import ServingSettings


class Answering:
    """/ and /echo answer at once, /held when it is told to, /large with what no socket's buffer holds.

    /pieces is as large, and under way until the last piece is taken.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self.gone = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                return
            body, more = body + message["body"], message["more_body"]
        if scope["path"] == "/held":
            await self.answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(32 if scope["path"] == "/pieces" else 0):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        await send(self._body(scope, body))

    def _body(self, scope: Scope, body: bytes) -> Message:
        told = {"/echo": body, "/large": bytes(32 << 20), "/names": b" ".join(n for n, _ in scope["headers"])}
        return {"type": "http.response.body", "body": told.get(scope["path"], b"here")}


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, raw: bytes) -> None:
        self._writer.write(raw)
        await self._writer.drain()

    async def ask(self, path: str = "/", raw: bytes = b"") -> bytes:
        """A whole request on a connection that stays; its answer's body."""
        await self.say(f"POST {path} HTTP/1.1\r\ncontent-length: {len(raw)}\r\n\r\n".encode() + raw)
        return await self.chunked()

    async def chunked(self) -> bytes:
        """One answer in chunks."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return (await self._reader.readuntil(b"0\r\n\r\n")).partition(b"\r\n")[2].partition(b"\r\n")[0]

    async def rest(self) -> bytes:
        """What comes until the server ends the connection; how it does so is its affair."""
        said = b""
        try:
            while piece := await self._reader.read(1 << 16):
                said += piece
        except ConnectionError:
            pass
        return said

    async def flood(self, piece: bytes, most: int) -> tuple[int, bytes]:
        """Write `piece` again and again until the server ends it, `most` bytes at most; how many, and its answer."""
        answer, written = asyncio.create_task(self.rest()), 0
        try:
            while written < most and not answer.done():
                await self.say(piece)
                written += len(piece)
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        return written, await answer

    def close(self) -> None:
        self._writer.close()


class Bounded:
    """A running server. Its lines are closed with it."""

    def __init__(self, server: HttpServer, app: Answering, port: int) -> None:
        self.server = server
        self.app = app
        self.port = port
        self._lines: list[Line] = []

    async def line(self, address: str = "127.0.0.1") -> Line:
        """A connection from this address of loopback."""
        found = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))
        self._lines.append(Line(*found))
        return self._lines[-1]

    def close(self) -> None:
        for line in self._lines:
            line.close()


@asynccontextmanager
async def bounded(
    app: Answering | None = None, *, most: int = 100, proxies: str = "", **limits: Any
) -> AsyncIterator[Bounded]:
    """With these limits, and at most so many connections, until the block ends."""
    sockets, app = bind("127.0.0.1", 0, "PORT"), app or Answering()
    port = int(sockets[0].getsockname()[1])
    server = HttpServer(app, sockets, ServingSettings(**limits), TrustedProxies(proxies), most)
    running = asyncio.create_task(server.serve())
    opened = Bounded(server, app, port)
    try:
        while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0)
        yield opened
    finally:
        app.answer.set()
        server.stop()
        await running
        opened.close()
