"""The composition root: settings in, ASGI app out. No business rule lives here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.types import ASGIApp

from paywall import clock
from paywall.adapters import IMAGE_PRODUCT, Adapters, open_adapters
from paywall.burns.burning import Burning
from paywall.burns.custody import Custody, custody_note
from paywall.database.engine import Database, Transaction
from paywall.flows import Flows, join
from paywall.keys import rotation
from paywall.keys.identity import Identity
from paywall.ops.metrics import Metrics
from paywall.ops.worker import Worker
from paywall.products.images.maker import ImageMaker
from paywall.redemptions.redeeming import PictureStore, Redeeming
from paywall.settings import Settings
from paywall.web.credentials import Origins
from paywall.web.dialects import PaymentDialects
from paywall.web.openapi.document import document
from paywall.web.operations import OperationRoutes
from paywall.web.redemptions import RedemptionRoutes
from paywall.web.request_log import RequestLog
from paywall.web.routes import HANDLERS, routes
from paywall.web.sales import SalesRoutes
from shared.chain.base import Chain, ChainError
from shared.dialects.ack import Ack, AckJson

#: the forms that every 402 goes out in; the first is for who asks for none
DIALECTS = (Ack(), AckJson())


@dataclass(frozen=True, slots=True)
class Parts:
    """What the program is made of. `close` lets go of all of it."""

    settings: Settings
    adapters: Adapters
    flows: Flows
    app: ASGIApp

    @property
    def identity(self) -> Identity:
        return self.adapters.identity

    @property
    def database(self) -> Database:
        return self.adapters.database

    @property
    def chain(self) -> Chain:
        return self.adapters.chain

    @property
    def custody(self) -> Custody:
        return self.adapters.custody

    @property
    def redeeming(self) -> Redeeming:
        return self.flows.redeeming

    @property
    def burning(self) -> Burning:
        return self.flows.burning

    @property
    def worker(self) -> Worker:
        return self.flows.worker

    async def start(self) -> None:
        """Once, before anything is sold: the key that signs is noted, those that signed before are known."""
        keep = rotation.longest_use(self.adapters.products.values(), self.settings.request_seconds)
        key, now = self.identity.keys[0], clock.unix_now()
        former = await self.database.transact(lambda tx: rotation.take_up(tx, key, now, keep))
        self.identity.remember(former)

    async def close(self) -> None:
        await self.redeeming.drain()
        await self.adapters.close()


def build(
    settings: Settings, *, maker: ImageMaker | None = None, pictures: PictureStore | None = None
) -> Parts:
    """Everything that `serve` runs. Errors: SetupError."""
    adapters = open_adapters(settings, maker=maker, pictures=pictures)
    flows = join(settings, adapters)
    metrics = Metrics(adapters.database, adapters.custody.asset.unit, settings.low_water)
    app = Starlette(
        routes=routes(*_routes(settings, adapters, flows, metrics)),
        exception_handlers=HANDLERS,
        lifespan=_lifespan(flows.worker),
    )
    app.router.redirect_slashes = False  # one spelling a path
    return Parts(settings, adapters, flows, RequestLog(app, metrics.count))


def _routes(
    settings: Settings, adapters: Adapters, flows: Flows, metrics: Metrics
) -> tuple[SalesRoutes, RedemptionRoutes, OperationRoutes]:
    origins = Origins(settings.service_url, settings.host, settings.port, public=bool(settings.public_url))
    sales = SalesRoutes(
        selling=flows.selling,
        settlement=flows.settlement,
        statuses=flows.statuses,
        dialects=PaymentDialects(DIALECTS, clock.unix_now),
        catalog=_catalog(settings, adapters),
        product=IMAGE_PRODUCT,
        origins=origins,
        clock=clock.unix_now,
    )
    redemptions = RedemptionRoutes(
        selling=flows.selling,
        receipt_verifier=flows.receipt_verifier,
        redeeming=flows.redeeming,
        proofs=flows.proofs,
        product=IMAGE_PRODUCT,
        origins=origins,
        ids=clock.new_id,
    )
    operations = OperationRoutes(
        did_document=adapters.identity.document,
        openapi=lambda: document(settings.service_url),
        ready=lambda: _ready(adapters, settings.low_water),
        metrics=metrics.exposition,
    )
    return sales, redemptions, operations


def _lifespan(worker: Worker):  # type: ignore[no-untyped-def] # Starlette's own type for it is private
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await running

    return lifespan


async def _ready(adapters: Adapters, low_water: int) -> dict[str, str]:
    def look(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("SELECT 1")

    await adapters.database.read(look)
    try:
        lovelace, tokens = await adapters.custody.holdings(adapters.chain)
    except ChainError as error:
        return {"database": "ok", "chain": f"not reachable: {error}"}
    return {"database": "ok", "chain": "ok", "custody": custody_note(tokens, lovelace, low_water)}


def _catalog(settings: Settings, adapters: Adapters) -> dict[str, object]:
    chain = {"chain": {"blockfrost": settings.chain_url}} if settings.network == "devnet" else {}
    return {
        "seller": adapters.identity.did,
        "network": settings.chain_network,
        **chain,
        "token": adapters.custody.asset.dotted,
        "products": [product.describe() for product in adapters.products.values()],
        "rails": [rail.describe() for rail in adapters.rails],
    }
