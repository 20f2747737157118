"""An app behind the server that it runs on, and requests spelled as an attacker would: nothing is tidied up."""

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[int]:
    """The loopback port at which uvicorn serves `app` until the block ends."""
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve([listener]))
        await server.ready.wait()
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            await running


async def ask(
    port: int, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> httpx.Response:
    """Sends `target` to the letter."""
    return await asyncio.to_thread(_ask, port, method, target, dict(headers or {}), body)


def _ask(port: int, method: str, target: str, headers: dict[str, Any], body: bytes) -> httpx.Response:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        request = httpx.Request(method, "http://127.0.0.1/")
        return httpx.Response(
            answer.status, headers=answer.getheaders(), content=answer.read(), request=request
        )
    finally:
        connection.close()
