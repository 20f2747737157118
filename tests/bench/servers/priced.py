"""A route of another program's app behind our paywall, paid for by credits, as a developer of Starlette serves it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from paywall import Paywall
from paywall.products.images.room import open_images
from tests.bench.servers import ours
from tests.bench.servers.noop import PICTURE, MemoryDeliveries, NoopMaker

PATH = "/picture"


def app(folder: Path, port: int) -> Starlette:
    """Its route takes credits of what was bought in `folder`."""
    settings = ours.settings(folder, port)
    images = open_images(settings, maker=NoopMaker(), deliveries=MemoryDeliveries())
    paywall = Paywall(settings, resources=[images])
    picture = paywall.resource("picture", product=images.product, path=PATH)

    @picture.priced
    async def endpoint(_request: Request) -> Response:
        return Response(PICTURE.data, media_type=PICTURE.media_type)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with paywall.running():
            yield

    routes = [Route(PATH, endpoint, methods=["POST"]), Mount("/", paywall)]
    return Starlette(routes=routes, lifespan=lifespan)
