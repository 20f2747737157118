"""What the settings choose: chain, keys, catalog, rails, image maker. Each adapter is loaded when it is chosen."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from paywall import clock
from paywall.burns.custody import Custody
from paywall.credits.redeeming import PictureStore
from paywall.database import Database
from paywall.errors import SetupError
from paywall.identity import Identity
from paywall.images.base import ImageMaker
from paywall.images.store import ImageStore
from paywall.rails.base import Rail
from paywall.sales.prices import Product, read_catalog
from paywall.settings import Settings
from paywall.signers.file import FileSigner, open_or_create
from paywall.storage import open_database
from shared.cardano.addresses import InvalidAddressError, check_address, enterprise_address
from shared.chain.base import Chain

#: what /api/images/buy sells and /api/images/generate takes
IMAGE_PRODUCT = "image-credit"


@dataclass(frozen=True, slots=True)
class Adapters:
    """Everything that reaches outside the process."""

    database: Database
    identity: Identity
    chain: Chain
    custody: Custody
    products: dict[str, Product]
    rails: tuple[Rail, ...]
    maker: ImageMaker
    pictures: PictureStore

    async def close(self) -> None:
        for rail in self.rails:
            await rail.aclose()
        await self.maker.aclose()
        await self.chain.aclose()
        self.database.close()


def open_adapters(
    settings: Settings, *, maker: ImageMaker | None = None, pictures: PictureStore | None = None
) -> Adapters:
    """Errors: SetupError."""
    products, chain = open_catalog(settings), open_chain(settings)
    return Adapters(
        database=open_database(settings.database),
        identity=Identity(open_key(settings, "seller"), settings.public_url or None),
        chain=chain,
        custody=open_custody(settings),
        products=products,
        rails=open_rails(settings, chain, treasury_address(settings)),
        maker=maker or open_maker(settings),
        pictures=pictures or ImageStore(settings.folder / "images"),
    )


def open_key(settings: Settings, name: str) -> FileSigner:
    """The key that is kept under this name. Errors: SetupError."""
    if settings.network == "mainnet":
        raise SetupError(
            f"On mainnet the {name} key may not lie in an unencrypted file, and no other custody is built yet."
        )
    return open_or_create(settings.folder / f"{name}.pem")


def open_chain(settings: Settings) -> Chain:
    from shared.chain.blockfrost import Blockfrost

    return Blockfrost(settings.chain_url, settings.blockfrost_project_id)


def open_custody(settings: Settings) -> Custody:
    return Custody(
        open_key(settings, "custody"),
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
        from paywall.images.openai import DEFAULT_BASE_URL, OpenAIImageMaker

        return OpenAIImageMaker(
            api_key=settings.openai_api_key,
            model=settings.image_model,
            base_url=settings.openai_base_url or DEFAULT_BASE_URL,
            timeout=settings.image_seconds,
        )
    from paywall.images.offline import OfflineImageMaker

    return OfflineImageMaker()
