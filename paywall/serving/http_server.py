"""The server: uvicorn's, taking connections through `Acceptor` and bounding each by `BoundedHttp`."""

import asyncio
import logging
import resource
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn

from paywall.limits.networks import TrustedProxies, client_at
from paywall.serving.acceptor import Acceptor
from paywall.serving.bounded_http import BoundedHttp
from paywall.serving.connections import Connections, Share
from paywall.serving.settings import ServingSettings

DRAIN_SECONDS = 30
#: how often connections are looked at: a limit of a second is held within half a second
LOOK_SECONDS = 0.5
#: for an operator's few tools
OPERATOR_CONNECTIONS = 32


class HttpServer(uvicorn.Server):
    """Serves one app at sockets that are bound already, until `stop`."""

    def __init__(
        self,
        app: Callable[..., Any],
        sockets: Sequence[socket.socket],
        limits: ServingSettings,
        proxies: TrustedProxies,
        most: int,
    ) -> None:
        """`most` connections at once; none of the trusted proxies has a limit of its own."""
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedHttp,
                interface="asgi3",  # as uvicorn finds out by itself, but not of a method
                ws="none",
                lifespan="off",  # it runs already
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nothing here is derived from what whoever poses as a proxy says
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )
        self._sockets = sockets
        self._limits = limits
        self._held = Connections(limits, most, proxies.__contains__, client_at)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves them to us: uvicorn raises them again at the end, and an orderly stop would look like a death."""
        yield

    def stop(self) -> None:
        """Take no more, finish what is under way, and return from `serve`."""
        self.should_exit = True

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").addFilter(_no_cancelled)
        looking = asyncio.create_task(self._look())
        try:
            await super().serve(sockets)
        finally:
            looking.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002  uvicorn's
        """Instead of uvicorn's, which leaves taking connections to the event loop."""
        self._acceptor = Acceptor(self._sockets, self._held, self._protocol)
        self.servers = [self._acceptor]  # type: ignore[list-item]  # uvicorn uses `close` and `wait_closed`
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._acceptor.close()
        await self._acceptor.opened()  # so that uvicorn knows, and ends, every connection there is
        await super().shutdown(sockets)

    def _protocol(self, share: Share) -> BoundedHttp:
        return BoundedHttp(self.config, self.server_state, self._limits, self._held, share)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedHttp):
                    connection.look(now)
            self._held.report(now)


def descriptors() -> int:
    """How many descriptors this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1 << 20


def _no_cancelled(record: logging.LogRecord) -> bool:
    """What a stop cut off after its time is told in one line, not in a traceback for each."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
