"""Images as something that credits buy: reads a subject, has it drawn, and names the result in the API's words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from paywall.errors import BadRequest
from paywall.products.images.description import DESCRIPTION
from paywall.products.images.errors import ImageMakerFailed, PromptRefused
from paywall.products.images.maker import ImageMaker, MakerFailed, MakerRefused, Subject
from paywall.products.images.subject import SubjectError, read_subject
from paywall.redemptions.fulfilment import Delivery, StoredDelivery, UseDescription, UseOrder


class ImageFulfilment:
    """`pick` chooses a subject for who names none, like `secrets.choice`."""

    def __init__(self, maker: ImageMaker, pick: Callable[[Sequence[str]], str]) -> None:
        self._maker = maker
        self._pick = pick

    def read(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Errors: BadRequest, PromptRefused."""
        try:
            subject = read_subject(body, self._pick)
        except SubjectError as error:
            raise (PromptRefused if error.refused else BadRequest)(str(error)) from error
        return {subject.kind: subject.text}

    async def perform(self, order: UseOrder) -> Delivery:
        """Errors: PromptRefused, ImageMakerFailed."""
        try:
            picture = await self._maker.make(
                subject_of(order.document), redemption_id=order.redemption_id, safety_identifier=order.user
            )
        except MakerRefused as error:
            raise PromptRefused(
                "The prompt was refused by the image maker; the credit was released."
            ) from error
        except MakerFailed as error:
            raise ImageMakerFailed(note=str(error)) from error
        return Delivery(picture.data, picture.media_type)

    def present(self, document: Mapping[str, Any], delivery: StoredDelivery) -> Mapping[str, Any]:
        image = {"url": delivery.url, "media_type": delivery.media_type, "sha256": delivery.sha256}
        return {"subject": subject_of(document).text, "image": image}

    def describe(self) -> UseDescription:
        return DESCRIPTION

    async def aclose(self) -> None:
        await self._maker.aclose()


def subject_of(document: Mapping[str, Any]) -> Subject:
    """The subject in a stored request, which has one member: `name` or `prompt`."""
    if "prompt" in document:
        return Subject("prompt", document["prompt"])
    return Subject("name", document["name"])
