"""The images as a resource, as the settings choose: which maker draws them, and where they are kept."""

import secrets
from pathlib import Path

from paywall.errors import SetupError
from paywall.products.files import DeliveryFiles
from paywall.products.images.errors import ImageMakerFailed, PromptRefused
from paywall.products.images.fulfilment import ImageFulfilment
from paywall.products.images.maker import ImageMaker
from paywall.products.images.settings import ImageSettings
from paywall.redemptions.fulfilment import DeliveryStore
from paywall.redemptions.resource import Resource
from paywall.settings import Settings

PRODUCT = "image-credit"
#: sells that product; the default of PAYWALL_CATALOG
CATALOG = Path(__file__).with_name("catalog.toml")


def open_images(
    settings: Settings, *, maker: ImageMaker | None = None, deliveries: DeliveryStore | None = None
) -> Resource:
    """One credit of `image-credit`, one picture. Errors: SetupError."""
    own = settings.room(ImageSettings)
    if settings.network == "mainnet" and maker is None and own.embedded:
        raise SetupError(f"On mainnet nothing embedded may be left; still embedded: {own.embedded}.")
    return Resource(
        id="images",
        product=PRODUCT,
        path="/api/images",
        verb="generate",
        fulfilment=ImageFulfilment(maker or _open_maker(own), secrets.choice),
        deliveries=deliveries or DeliveryFiles(settings.folder / "images"),
        seconds=own.image_seconds,
        refused=PromptRefused,
        failed=ImageMakerFailed,
    )


def _open_maker(settings: ImageSettings) -> ImageMaker:
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
