"""The composition root: settings in, ASGI app out. No business rule lives here."""

import asyncio
import secrets
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import ASGIApp

from paywall import clock
from paywall.burns.burning import BatchTerms, Burning
from paywall.burns.custody import Custody
from paywall.credits.access import Receptions
from paywall.credits.redeeming import PictureStore, Redeeming
from paywall.database import Database, Transaction, open_database
from paywall.errors import SetupError
from paywall.figures import Figures
from paywall.identity import Identity
from paywall.images.base import ImageMaker
from paywall.images.store import ImageStore
from paywall.proofs import Proofs
from paywall.rails.base import Rail
from paywall.sales.prices import Product, read_catalog
from paywall.sales.receipts import Receipts
from paywall.sales.selling import Selling
from paywall.sales.settlement import Settlement
from paywall.sales.status import Statuses
from paywall.settings import Settings
from paywall.signers.file import open_or_create
from paywall.web.credentials import Origins
from paywall.web.entry import Entry
from paywall.web.openapi import document
from paywall.web.operations import OperationRoutes
from paywall.web.redemptions import RedemptionRoutes
from paywall.web.routes import HANDLERS, routes
from paywall.web.sales import IMAGE_PRODUCT, SalesRoutes
from paywall.worker import Worker
from shared.cardano.addresses import InvalidAddressError, check_address, enterprise_address
from shared.chain.base import Chain, ChainError

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Parts:
    """What the program is made of. `close` lets go of all of it."""

    settings: Settings
    identity: Identity
    database: Database
    chain: Chain
    custody: Custody
    rails: tuple[Rail, ...]
    maker: ImageMaker
    redeeming: Redeeming
    burning: Burning
    worker: Worker
    app: ASGIApp

    async def close(self) -> None:
        await self.redeeming.drain()
        for rail in self.rails:
            await rail.aclose()
        await self.maker.aclose()
        await self.chain.aclose()
        self.database.close()


def open_chain(settings: Settings) -> Chain:
    from shared.chain.blockfrost import Blockfrost

    return Blockfrost(settings.chain_url, settings.blockfrost_project_id)


def open_custody(settings: Settings) -> Custody:
    return Custody(
        open_or_create(settings.folder / "custody.pem"),
        settings.chain_network,
        max_fee=settings.max_fee,
        expiry_slots=settings.burn_expiry_slots,
    )


def treasury_address(settings: Settings) -> str:
    """Where payments go: never the custodial wallet, which burns and does nothing else. Errors: SetupError."""
    if not settings.cardano_address:
        return enterprise_address(
            open_or_create(settings.folder / "treasury.pem").public, settings.chain_network
        )
    try:
        check_address(settings.cardano_address, settings.chain_network)
    except InvalidAddressError as error:
        raise SetupError(
            f"PAYWALL_CARDANO_ADDRESS is no address of {settings.chain_network}: {error}."
        ) from error
    return settings.cardano_address


def open_catalog(settings: Settings) -> dict[str, Product]:
    """Errors: SetupError."""
    try:
        text = (
            Path(settings.catalog).expanduser().read_text("utf-8")
            if settings.catalog
            else resources.files("paywall").joinpath("catalog.toml").read_text("utf-8")
        )
        products = read_catalog(tomllib.loads(text))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"The catalog {settings.catalog} cannot be read: {error}") from error
    if IMAGE_PRODUCT not in products:
        raise SetupError(f"The catalog has no product {IMAGE_PRODUCT!r}, which /api/images/buy sells.")
    return products


def open_rails(settings: Settings, chain: Chain, recipient: str) -> tuple[Rail, ...]:
    """The rails that PAYWALL_RAILS names, in its order. Errors: SetupError."""
    from paywall.rails.cardano import CardanoRail, CardanoTerms

    rails: list[Rail] = []
    for name in settings.rails.split(","):
        if name.strip() != "cardano":
            raise SetupError(f"There is no rail {name.strip()!r}; PAYWALL_RAILS takes: cardano.")
        terms = CardanoTerms(
            settings.chain_network, recipient, settings.ada_price, settings.required_confirmations
        )
        rails.append(CardanoRail(terms, chain, clock.unix_now))
    return tuple(rails)


def open_maker(settings: Settings) -> ImageMaker:
    if settings.openai_api_key:
        from paywall.images.openai import OpenAIImageMaker

        return OpenAIImageMaker(
            api_key=settings.openai_api_key,
            model=settings.image_model,
            base_url=settings.openai_base_url or None,
            timeout=settings.image_seconds,
        )
    from paywall.images.offline import OfflineImageMaker

    return OfflineImageMaker()


def build(
    settings: Settings, *, maker: ImageMaker | None = None, pictures: PictureStore | None = None
) -> Parts:
    """Everything that `serve` runs. Errors: SetupError."""
    now, ids = clock.unix_now, clock.new_id
    products = open_catalog(settings)
    database = open_database(settings.database)
    identity = Identity(open_or_create(settings.folder / "seller.pem"), settings.public_url or None)
    chain, custody = open_chain(settings), open_custody(settings)
    rails = open_rails(settings, chain, treasury_address(settings))
    maker = maker or open_maker(settings)
    pictures = pictures or ImageStore(settings.folder / "images")
    receipts = Receipts(
        identity=identity,
        network=settings.chain_network,
        validity_days={product.id: product.validity_days for product in products.values()},
        clock=now,
        ids=ids,
    )
    settlement = Settlement(
        database=database,
        identity=identity,
        rails={rail.id: rail for rail in rails},
        receipts=receipts,
        clock=now,
        ids=ids,
    )
    redeeming = Redeeming(
        database=database,
        maker=maker,
        pictures=pictures,
        time_limit=settings.image_seconds,
        clock=now,
        ids=ids,
        salts=lambda: secrets.token_bytes(SALT_BYTES),
    )
    terms = BatchTerms(
        settings.batch_size,
        settings.burn_batch_seconds,
        settings.required_confirmations,
        settings.resubmit_seconds,
    )
    burning = Burning(database=database, chain=chain, custody=custody, terms=terms, clock=now, ids=ids)
    worker = Worker(
        database=database,
        burning=burning,
        settlement=settlement,
        redeeming=redeeming,
        clock=now,
        tick_seconds=0.25 if settings.network == "devnet" else 5.0,
    )
    selling = Selling(
        database=database,
        identity=identity,
        products=products,
        rails=rails,
        token=custody.asset.dotted,
        service_url=settings.service_url,
        valid_seconds=settings.request_seconds,
        clock=now,
        ids=ids,
    )
    origins = Origins(settings.service_url, settings.host, settings.port, public=bool(settings.public_url))
    sales = SalesRoutes(
        selling=selling,
        settlement=settlement,
        statuses=Statuses(database=database, settlement=settlement, clock=now),
        catalog=_catalog(settings, identity, products, rails, custody),
        origins=origins,
        clock=now,
    )
    proofs = Proofs(
        database=database,
        pictures=pictures,
        token=custody.asset.dotted,
        product=IMAGE_PRODUCT,
        confirmations=settings.required_confirmations,
    )
    redemptions = RedemptionRoutes(
        selling=selling,
        receptions=Receptions(identity, now),
        redeeming=redeeming,
        proofs=proofs,
        origins=origins,
        ids=ids,
    )
    figures = Figures(database, custody.asset.unit)
    operations = OperationRoutes(
        did_document=identity.document(),
        openapi=lambda: document(settings.service_url),
        ready=lambda: _ready(database, chain),
        figures=figures.exposition,
    )
    app = Starlette(
        routes=routes(sales, redemptions, operations),
        exception_handlers=HANDLERS,  # type: ignore[arg-type] # Starlette types handlers by their exception
        lifespan=_lifespan(worker),
    )
    app.router.redirect_slashes = False  # one spelling a path
    return Parts(
        settings,
        identity,
        database,
        chain,
        custody,
        rails,
        maker,
        redeeming,
        burning,
        worker,
        Entry(app, figures.count),
    )


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


async def _ready(database: Database, chain: Chain) -> dict[str, str]:
    def look(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("SELECT 1")

    await database.read(look)
    try:
        await chain.tip()
    except ChainError as error:
        return {"database": "ok", "chain": f"not reachable: {error}"}
    return {"database": "ok", "chain": "ok"}


def _catalog(
    settings: Settings,
    identity: Identity,
    products: dict[str, Product],
    rails: tuple[Rail, ...],
    custody: Custody,
) -> dict[str, object]:
    chain = {"chain": {"blockfrost": settings.chain_url}} if settings.network == "devnet" else {}
    return {
        "seller": identity.did,
        "network": settings.chain_network,
        **chain,
        "token": custody.asset.dotted,
        "products": [product.describe() for product in products.values()],
        "rails": [rail.describe() for rail in rails],
    }
