"""What the settings choose: chain, keys, catalog, rails, image maker. Each adapter is loaded when it is chosen."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from paywall import clock
from paywall.burns import policy_file
from paywall.burns.custody import Custody
from paywall.burns.policies import FixedPolicy, NativePolicy, Policy
from paywall.burns.policy_file import read_record
from paywall.database.engine import Database
from paywall.database.opening import open_database
from paywall.errors import SetupError
from paywall.keys.identity import Identity
from paywall.keys.passphrases import Passphrases
from paywall.keys.ring import open_signer
from paywall.keys.signers.file import open_or_create
from paywall.products.images.maker import ImageMaker
from paywall.products.images.store import ImageStore, ThreadedImageStore
from paywall.rails.base import Rail, RailContext
from paywall.rails.registry import open_rails
from paywall.redemptions.redeeming import PictureStore
from paywall.sales.prices import Product, read_catalog
from paywall.settings import Settings
from shared.cardano.addresses import key_hash
from shared.chain.base import Chain
from shared.keys import PublicKey

if TYPE_CHECKING:
    from shared.chain.blockfrost import Blockfrost

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
    passphrases = Passphrases(settings.passphrase_fd)
    return Adapters(
        identity=Identity(open_signer(settings, "seller", passphrases), settings.public_url or None),
        chain=chain,
        custody=open_custody(settings, passphrases),
        products=products,
        rails=open_rails(rail_context(settings, passphrases)),
        maker=maker or open_maker(settings),
        pictures=pictures or ThreadedImageStore(ImageStore(settings.folder / "images")),
        # Last: what is wrong above must not leave its lock behind.
        database=open_database(settings.database),
    )


def open_chain(settings: Settings) -> "Blockfrost":
    from shared.chain.blockfrost import Blockfrost

    return Blockfrost(settings.chain_url, settings.blockfrost_project_id)


def open_custody(
    settings: Settings, passphrases: Passphrases | None = None, *, looking: bool = False
) -> Custody:
    """Errors: SetupError."""
    secrets = passphrases or Passphrases(settings.passphrase_fd)
    return Custody(
        open_signer(settings, "custody", secrets, looking=looking),
        settings.chain_network,
        max_fee=settings.max_fee,
        expiry_slots=settings.burn_expiry_slots,
        policy=lambda key: open_policy(settings, key),
    )


def open_policy(settings: Settings, key: PublicKey) -> Policy | None:
    """None before a fixed supply is minted. Errors: SetupError."""
    if settings.policy == "native":
        return NativePolicy(key)
    record = read_record(settings.folder / policy_file.NAME, key_hash(key))
    return FixedPolicy(record.supply, record.reference) if record else None


def rail_context(settings: Settings, passphrases: Passphrases) -> RailContext:
    return RailContext(
        settings,
        clock.unix_now,
        lambda name: open_or_create(settings.folder / f"{name}.pem", passphrases.ask),
    )


def open_catalog(settings: Settings) -> dict[str, Product]:
    """Errors: SetupError."""
    try:
        text = (
            Path(settings.catalog).expanduser().read_text("utf-8")
            if settings.catalog
            else resources.files("paywall.products.images").joinpath("catalog.toml").read_text("utf-8")
        )
        products = read_catalog(tomllib.loads(text))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"The catalog {settings.catalog} cannot be read: {error}") from error
    if IMAGE_PRODUCT not in products:
        raise SetupError(f"The catalog has no product {IMAGE_PRODUCT!r}, which /api/images/buy sells.")
    return products


def open_maker(settings: Settings) -> ImageMaker:
    if settings.openai_api_key:
        from paywall.products.images.openai import DEFAULT_BASE_URL, OpenAIImageMaker

        return OpenAIImageMaker(
            api_key=settings.openai_api_key,
            model=settings.image_model,
            base_url=settings.openai_base_url or DEFAULT_BASE_URL,
            timeout=settings.image_seconds,
        )
    from paywall.products.images.offline import OfflineImageMaker

    return OfflineImageMaker()
