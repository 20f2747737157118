"""Takes connections from the listening sockets, a few at a time, and turns away those there is no room for.

asyncio's and uvloop's servers take whatever has come, all at once and before anybody is asked; at the limit of
descriptors that is the databases' share too. Here each is counted before it costs more than its descriptor.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence

from paywall.errors import SetupError
from paywall.serving.connections import Connections, Share

BACKLOG = 2048
#: taken in one turn of the event loop; what was cut in a turn is closed in the next
ACCEPTS = 32
#: no descriptor or memory is left: how long nothing is taken
PAUSE_SECONDS = 0.1
OUT_OF_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def bind(host: str, port: int, variable: str) -> list[socket.socket]:
    """Sockets at every address of `host`, not listening yet. Errors: SetupError, naming the variable to change."""
    bound: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listener = socket.socket(family, kind, protocol)
            bound.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setblocking(False)
            listener.bind(address)
    except OSError as error:
        for listener in bound:
            listener.close()
        raise SetupError(
            f"Cannot listen on {host}:{port} ({error.strerror}); {variable} names another."
        ) from error
    return bound


class Acceptor:
    """Listens from the moment it is made; `close` ends that, and leaves the connections alone."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        connections: Connections,
        protocol: Callable[[Share], asyncio.Protocol],
    ) -> None:
        self.sockets = tuple(sockets)
        self._connections = connections
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        for listener in sockets:
            listener.listen(BACKLOG)
            self._listen(listener)

    def _listen(self, listener: socket.socket) -> None:
        if listener.fileno() != -1:
            self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(ACCEPTS):
            try:
                accepted, peer = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in OUT_OF_ROOM:
                    raise
                self._connections.make_room(ACCEPTS)
                self._loop.remove_reader(listener)
                self._loop.call_later(PAUSE_SECONDS, self._listen, listener)
                return
            share = self._connections.admit(peer[0])
            if share is None:
                accepted.close()
                continue
            opening = self._loop.create_task(self._open(accepted, share))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def _open(self, accepted: socket.socket, share: Share) -> None:
        made = False

        def protocol() -> asyncio.Protocol:
            nonlocal made
            made = True  # and it is released when the connection is lost
            return self._protocol(share)

        try:
            accepted.setblocking(False)
            await self._loop.connect_accepted_socket(protocol, accepted)
        except OSError:  # gone before it was here
            accepted.close()
            if not made:
                self._connections.release(share)

    def close(self) -> None:
        for listener in self.sockets:
            if listener.fileno() != -1:
                self._loop.remove_reader(listener)
                listener.close()

    async def opened(self) -> None:
        """When all that was taken is a connection."""
        await asyncio.gather(*self._opening)

    async def wait_closed(self) -> None:
        """As asyncio's servers have it."""
