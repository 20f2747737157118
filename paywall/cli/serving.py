"""`paywall serve` and `paywall worker`: the web server and the worker, run until a signal."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import uvloop
from starlette.types import ASGIApp

from paywall import Paywall, __version__
from paywall.compose import check_storage, compose, open_ring
from paywall.limits.networks import TrustedProxies, client_at
from paywall.limits.settings import LimitSettings
from paywall.ops.logs import start_logging
from paywall.seller import Seller
from paywall.serving.acceptor import bind
from paywall.serving.http_server import OPERATOR_CONNECTIONS, HttpServer, descriptors
from paywall.serving.interpreter import set_for_serving
from paywall.serving.settings import SERVE_OPERATOR_PORT, ServingSettings
from paywall.settings import Settings

log = logging.getLogger("paywall.serving")


def until_signals(stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def serve(settings: Settings) -> None:
    """API, worker and, if no chain is configured, the devnet; the operator's port beside. Errors: SetupError."""
    start_logging(settings.log)
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    paywall = Paywall(settings)
    await serve_app(paywall, paywall, settings)


async def serve_app(paywall: Paywall, app: ASGIApp, settings: Settings) -> None:
    """`app`, in which `paywall` stands or which it is. Errors: SetupError."""
    # First, and in this order: a second seller on this machine is told what it has in common with the other.
    check_storage(settings)
    _check_ports(settings)
    async with paywall.running():
        operators = _operators_sockets(settings, SERVE_OPERATOR_PORT)
        public = _server(app, bind(settings.host, settings.port, "PAYWALL_PORT"), settings)
        _say_hello(settings)
        _warn_of_unseen_clients(settings)
        set_for_serving()
        until_signals(public.stop)
        # To the last: an orderly stop can be watched.
        async with _operated(paywall.operator, operators, settings):
            await public.serve()


def _operators_sockets(settings: Settings, usual: int) -> list[socket.socket]:
    """Bound, and not listening yet; none without an operator's port. Errors: SetupError for one that is taken."""
    limits = settings.room(ServingSettings)
    port = limits.operator_port_of(usual)
    return bind(limits.operator_host, port, "PAYWALL_OPERATOR_PORT") if port else []


def _server(
    app: ASGIApp, sockets: Sequence[socket.socket], settings: Settings, most: int | None = None
) -> HttpServer:
    """`most` connections at once, where the settings allow as many; None for all that they allow."""
    limits, proxies = settings.room(ServingSettings), settings.room(LimitSettings).trusted_proxies
    allowed = limits.most(descriptors())
    return HttpServer(app, sockets, limits, TrustedProxies(proxies), min(allowed, most or allowed))


@asynccontextmanager
async def _operated(
    app: ASGIApp, sockets: Sequence[socket.socket], settings: Settings
) -> AsyncIterator[None]:
    """The operator's port beside the block, where there is one."""
    if not sockets:
        yield
        return
    operator = _server(app, sockets, settings, OPERATOR_CONNECTIONS)
    operating = asyncio.create_task(operator.serve())
    try:
        yield
    finally:
        operator.stop()
        await operating


def _check_ports(settings: Settings) -> None:
    """Errors: SetupError. They are bound anew when all is ready: what is bound and not served yet answers nobody."""
    public = bind(settings.host, settings.port, "PAYWALL_PORT")
    for listener in (*public, *_operators_sockets(settings, SERVE_OPERATOR_PORT)):
        listener.close()


def _say_hello(settings: Settings) -> None:
    embedded = settings.embedded_parts()
    note = f" Embedded: {', '.join(embedded)}; not for real money." if embedded else ""
    print(  # noqa: T201  the one line at start
        f"paywall {__version__} serves {settings.service_url} on {settings.chain_network}.{note}",
        file=sys.stderr,
    )


def _warn_of_unseen_clients(settings: Settings) -> None:
    """A proxy on this machine makes loopback of everybody, and loopback has no limits."""
    behind = settings.public_url and client_at(settings.host).local
    if behind and not settings.room(LimitSettings).trusted_proxies:
        log.warning(
            "%s is reached through a proxy on this machine that PAYWALL_TRUSTED_PROXIES does not name: "
            "its clients cannot be told apart, and none of them has a rate limit",
            settings.service_url,
        )


def work(settings: Settings) -> None:
    """The worker alone, beside any number of `serve` on one PostgreSQL. Errors: SetupError."""
    start_logging(settings.log)
    operators = _operators_sockets(
        settings, usual=0
    )  # first: a port that is taken leaves nothing open behind it
    uvloop.run(_work(compose(settings, open_ring(settings)), operators))


async def _work(seller: Seller, operators: Sequence[socket.socket]) -> None:
    stop = asyncio.Event()
    until_signals(stop.set)
    try:
        await seller.start()
        async with _operated(seller.operator, operators, seller.settings):
            await seller.worker.run(stop)
    finally:
        await seller.close()
