"""Serves a devnet on loopback: uvicorn, the block producer, and an orderly end."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from paywall.devnet.app import create_app
from paywall.devnet.blockfrost.submits import DROP
from paywall.devnet.devnet import Devnet
from shared.loopback import is_loopback

STOP_SECONDS = 2


class _Protocol(HttpToolsProtocol):
    """Lets the app break a connection, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {DROP: self.transport.abort}  # type: ignore[dict-item]  # our own extension


class _DevnetServer(uvicorn.Server):
    """Calls `announce` when it answers; leaves signals to `serve`, as uvicorn would raise them again."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], object]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Finishes what it is answering and returns from `serve`."""
        self.should_exit = True


async def serve(
    *,
    host: str,
    port: int,
    data_dir: Path,
    cache: Path,
    block_seconds: float,
    announce: Callable[[str], object],
    exit_with_parent: bool = False,
) -> None:
    """Serves until SIGINT or SIGTERM, or until stdin ends when `exit_with_parent`.

    `data_dir` keeps the chain, `cache` the installed ledger rules. Port 0 takes a free one; `announce` gets
    the URL once requests are answered. With `block_seconds` 0 blocks are made on demand only.
    Raises ValueError for a host that is not loopback, LedgerUnavailable, StateInUse, OSError.
    """
    _check_loopback(host)
    listener = socket.create_server((host, port))
    url = f"http://{host}:{listener.getsockname()[1]}/api/v0"
    async with contextlib.aclosing(await Devnet.open(data_dir, cache, _now)) as devnet:
        config = uvicorn.Config(
            create_app(devnet),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        server = _DevnetServer(config, lambda: announce(url))
        _stop_with(server, exit_with_parent=exit_with_parent)
        producing = asyncio.create_task(_produce(devnet, block_seconds))
        producing.add_done_callback(lambda _: server.stop())
        await server.serve(sockets=[listener])
        producing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await producing


def _check_loopback(host: str) -> None:
    if not is_loopback(host):
        raise ValueError(
            f"the devnet listens on loopback only, not on {host}: its faucet gives money to anybody"
        )


def _now() -> int:
    return int(time.time())


async def _produce(devnet: Devnet, block_seconds: float) -> None:
    if not block_seconds:
        await asyncio.Event().wait()
    while True:
        await asyncio.sleep(block_seconds)
        await devnet.produce()


def _stop_with(server: _DevnetServer, *, exit_with_parent: bool) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    if exit_with_parent:
        # A thread, because an event loop cannot watch every kind of file that stdin may be.
        threading.Thread(target=_read_to_end, args=(loop, server), daemon=True).start()


def _read_to_end(loop: asyncio.AbstractEventLoop, server: _DevnetServer) -> None:
    while os.read(0, 1024):
        pass
    with contextlib.suppress(RuntimeError):  # the loop has ended already
        loop.call_soon_threadsafe(server.stop)
