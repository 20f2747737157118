"""The composition root: settings in, one Seller out. No business rule lives here."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from paywall import clock
from paywall.burns.opening import open_custody
from paywall.database.opening import open_database
from paywall.devnet.child import embedded_devnet, provide
from paywall.flows import Adapters
from paywall.keys.passphrases import Passphrases
from paywall.keys.ring import KeyRing
from paywall.limits.outside_calls import OutsideCalls
from paywall.limits.settings import LimitSettings
from paywall.products.files import DeliveryFiles
from paywall.products.images.room import CATALOG, open_images
from paywall.rails.base import Rail, RailContext
from paywall.rails.registry import open_rails
from paywall.redemptions.resource import Resource, check_resources
from paywall.sales.catalog import open_catalog, require_products, with_products
from paywall.sales.prices import Product
from paywall.seller import Seller
from paywall.settings import Settings
from paywall.web.priced.declared import PricedResource
from shared.chain.blockfrost import Blockfrost
from shared.dialects.ack import Ack, AckJson
from shared.dialects.base import Dialect
from shared.dialects.mpp import Mpp
from shared.dialects.x402 import X402
from shared.dialects.x402_v1 import X402V1

#: the forms that every 402 goes out in; the first is for who asks for none
DIALECTS: tuple[Dialect, ...] = (Ack(), AckJson(), X402(), Mpp(), X402V1())


def check_storage(settings: Settings) -> None:
    """Errors: SetupError as of `open_database`, for the one who starts other things first: it names the cause."""
    open_database(settings.database).close()


def open_chain(settings: Settings) -> Blockfrost:
    return Blockfrost(settings.chain_url, settings.blockfrost_project_id)


@asynccontextmanager
async def open_seller(settings: Settings, **parts: Any) -> AsyncIterator[Seller]:
    """A seller that is ready to be asked, on a devnet and with a supply of its own where nothing else is set.

    `parts` are `compose`'s. Errors: SetupError.
    """
    ring = open_ring(settings)
    async with AsyncExitStack() as stack:
        if settings.embedded_chain:
            check_storage(settings)  # a second seller in this folder is not told of the devnet's port
            await stack.enter_async_context(embedded_devnet(settings))
        if settings.network == "devnet" and settings.policy != "none":
            # Before anything is built: what a fixed supply's token is called depends on its mint.
            await provide(settings, open_custody(settings, ring), open_chain(settings))
        seller = compose(settings, ring, **parts)
        stack.push_async_callback(seller.close)
        await seller.start()
        yield seller


def open_ring(settings: Settings) -> KeyRing:
    return KeyRing(settings, Passphrases(settings.passphrase_fd))


def _rail_context(settings: Settings, ring: KeyRing) -> RailContext:
    calls = OutsideCalls(settings.room(LimitSettings), clock.unix_microseconds)
    return RailContext(settings, clock.unix_now, ring.own, calls.count)


def compose(
    settings: Settings,
    ring: KeyRing,
    *,
    resources: Sequence[Resource] | None = None,
    rails: Sequence[Rail] = (),
    products: Sequence[Product] = (),
    dialects: Sequence[Dialect] = (),
    priced: Sequence[PricedResource] = (),
) -> Seller:
    """Errors: SetupError.

    `resources` and `priced` ones take the place of the images, `products` are sold beside the catalog's, `rails` are
    offered after those that PAYWALL_RAILS names, and `dialects` spoken beside ACK-Pay.
    """
    sold = [one.resource(DeliveryFiles(settings.folder / one.id)) for one in priced]
    alone = resources is None and bool(priced)
    sold += [open_images(settings)] if resources is None and not priced else (resources or ())
    catalog = {} if alone and not settings.catalog else open_catalog(Path(settings.catalog or CATALOG))
    own = [one.product for one in priced if one.product is not None]
    catalog = with_products(catalog, [*products, *own])
    require_products(catalog, [(resource.buy_path, resource.product) for resource in sold])
    check_resources(sold)
    adapters = Adapters(
        chain=open_chain(settings),
        identity=ring.identity(),
        custody=open_custody(settings, ring) if settings.policy != "none" else None,
        products=catalog,
        rails=open_rails(_rail_context(settings, ring), rails),
        resources=sold,
        dialects=(*DIALECTS, *dialects),
        # Last: what is wrong above must not leave its lock behind.
        database=open_database(settings.database),
    )
    try:
        return Seller(settings, adapters)
    except BaseException:
        adapters.database.close()
        raise
