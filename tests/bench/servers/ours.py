"""The paywall itself, as `paywall serve` runs it, but for the image maker and the picture store.

Burns are queued and stay queued: no batch closes while requests are measured.
"""

import asyncio
import signal
from pathlib import Path

import uvloop

from paywall import compose as composition
from paywall.compose import open_ring
from paywall.limits.networks import TrustedProxies
from paywall.ops.logs import start_logging
from paywall.ops.worker import working
from paywall.products.images.room import open_images
from paywall.redemptions.resource import Resource
from paywall.seller import Seller
from paywall.serving.acceptor import bind
from paywall.serving.http_server import HttpServer, descriptors
from paywall.serving.interpreter import set_for_serving
from paywall.serving.settings import ServingSettings
from paywall.settings import Settings
from shared.dialects.ack import Ack, AckJson
from shared.dialects.base import Dialect
from tests.bench.servers.noop import MemoryDeliveries, NoopAtOnce, NoopMaker
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.seller import open_seller

BUY, GENERATE, QUICK = "/api/images/buy", "/api/images/generate", "/api/quick/generate"
CREDITS = 1_000_000
#: covers what was bought, and what a database that has grown owes
SUPPLY = 100 * CREDITS
LOVELACE = 2_000_000_000_000  # pays for CREDITS at the default price and rate
NEVER = 10**9
#: the 402 that a peer's is compared with, in one dialect as that is; and the one that goes out
ACK, EVERY = (Ack(), AckJson()), composition.DIALECTS


class Buyer:
    """Who redeems: a receipt of many credits, and the key that it is bound to."""

    def __init__(self, receipt: str, seed: bytes) -> None:
        self.receipt = receipt
        self.seed = seed


def settings(folder: Path, port: int) -> Settings:
    """The defaults, but for where it lives."""
    return Settings(
        data_dir=str(folder),
        port=port,
        supply=SUPPLY,
        batch_size=NEVER,
        batch_seconds=NEVER,
        burn_backlog=NEVER,
    )


def serve(folder: Path, port: int, dialects: tuple[Dialect, ...], *, drawing: bool = False) -> None:
    """Over the data in `folder`, on our own server with its limits, with its log as always: one line a request.

    `drawing`: its images are posters, in files. `dialects` are those that its 402s go out in.
    """
    composition.DIALECTS = dialects
    wanted = settings(folder, port)
    start_logging(wanted.log)
    noop = None if drawing else NoopMaker()
    images = open_images(wanted, maker=noop, deliveries=None if drawing else MemoryDeliveries())
    at_once = NoopAtOnce(images.fulfilment.read)
    quick = Resource("quick", images.product, "/api/quick", at_once, verb=images.verb)
    uvloop.run(_serve(composition.compose(wanted, open_ring(wanted), resources=[images, quick])))


async def _serve(seller: Seller) -> None:
    """With its worker, and without a devnet beside it: no chain is asked while requests are measured."""
    settings, limits = seller.settings, ServingSettings()
    sockets = bind(settings.host, settings.port, "PORT")
    server = HttpServer(seller.app, sockets, limits, TrustedProxies(""), limits.most(descriptors()))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    async with working(seller.worker):
        set_for_serving()
        await server.serve()


def buy(folder: Path, port: int) -> Buyer:
    """Buy and pay for a receipt through the routes, on a devnet that is there for this alone."""

    async def story(devnet: DevnetProcess) -> Buyer:
        async with open_seller(devnet, folder, port=port, supply=SUPPLY) as seller:
            payer = seller.payer(lovelace=LOVELACE)
            return Buyer(await payer.receipt(CREDITS), payer.key.seed)

    with DevnetProcess() as devnet:
        return asyncio.run(story(devnet))
