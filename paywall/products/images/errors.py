"""What the clients of the images are answered with when none was made."""

from paywall.errors import FulfilmentFailed, FulfilmentRefused


class PromptRefused(FulfilmentRefused):
    code, title = "prompt_refused", "The prompt was refused; the credit was released"


class ImageMakerFailed(FulfilmentFailed):
    code, title = "image_maker_failed", "No image could be made; the credit was released"
