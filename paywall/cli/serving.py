"""`paywall serve` and `paywall worker`: the web server and the worker, run until a signal."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
import uvloop

from paywall import Paywall, __version__
from paywall.compose import compose, open_ring
from paywall.ops.logs import start_logging
from paywall.seller import Seller
from paywall.settings import Settings

DRAIN_SECONDS = 30
BACKLOG = 2048


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn raises them again at the end, and an orderly stop would look like a death."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Take no more, finish what is under way, and return from `serve`."""
        self.should_exit = True


def _on_signals(stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def serve(settings: Settings) -> None:
    """API, worker and, if no chain is configured, the devnet. Errors: SetupError."""
    start_logging(settings.log)
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    app = Paywall(settings)
    async with app.running():
        _say_hello(settings)
        gc.collect()
        gc.freeze()  # what was loaded until now lives as long as the process: no need to look through it again
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            backlog=BACKLOG,
            lifespan="off",  # it runs already
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here is derived from what a proxy, or whoever poses as one, says
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        server = _Server(config)
        _on_signals(server.stop)
        await server.serve()


def _say_hello(settings: Settings) -> None:
    embedded = settings.embedded_parts()
    note = f" Embedded: {', '.join(embedded)}; not for real money." if embedded else ""
    print(  # noqa: T201  the one line at start
        f"paywall {__version__} serves {settings.service_url} on {settings.chain_network}.{note}",
        file=sys.stderr,
    )


def work(settings: Settings) -> None:
    """The worker alone, beside any number of `serve` on one PostgreSQL. Errors: SetupError."""
    start_logging(settings.log)
    uvloop.run(_work(compose(settings, open_ring(settings))))


async def _work(seller: Seller) -> None:
    stop = asyncio.Event()
    _on_signals(stop.set)
    try:
        await seller.start()
        await seller.worker.run(stop)
    finally:
        await seller.close()
