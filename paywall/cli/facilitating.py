"""`paywall facilitator`: x402's facilitator for Cardano over HTTP, until a signal."""

import sys

import uvloop

from paywall import __version__
from paywall.cli.serving import until_signals
from paywall.facilitator.opening import FacilitatorOptions, open_facilitator_app
from paywall.limits.networks import TrustedProxies
from paywall.ops.logs import start_logging
from paywall.serving.acceptor import bind
from paywall.serving.http_server import HttpServer, descriptors
from paywall.serving.settings import ServingSettings


def facilitate(options: FacilitatorOptions, host: str, port: int) -> None:
    """Errors: SetupError."""
    start_logging("plain")
    uvloop.run(_facilitate(options, host, port))


async def _facilitate(options: FacilitatorOptions, host: str, port: int) -> None:
    sockets = bind(host, port, "--port")
    limits = ServingSettings()
    async with open_facilitator_app(options) as app:
        server = HttpServer(app, sockets, limits, TrustedProxies(""), limits.most(descriptors()))
        until_signals(server.stop)
        bound = sockets[0].getsockname()[1]
        print(  # noqa: T201  the one line at start
            f"paywall {__version__} facilitates cardano:{options.network} on http://{host}:{bound}.",
            file=sys.stderr,
        )
        await server.serve()
