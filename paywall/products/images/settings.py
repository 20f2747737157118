"""The settings of the images: which model draws them, and how long it may take."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """Without `openai_api_key` posters are drawn here, offline. `image_seconds` bounds one whole picture."""

    needs_chain: ClassVar[bool] = False

    openai_api_key: str = field(default="", metadata={"variable": "OPENAI_API_KEY"}, repr=False)
    openai_base_url: str = field(default="", metadata={"variable": "OPENAI_BASE_URL"})
    image_model: str = "gpt-image-2.5-flare"
    image_seconds: int = 120

    @property
    def embedded(self) -> str:
        return "" if self.openai_api_key else "offline image maker"

    def rules(self) -> Iterator[tuple[bool, str]]:
        yield self.image_seconds >= 1, "PAYWALL_IMAGE_SECONDS must be at least 1."


SETTINGS = ImageSettings
