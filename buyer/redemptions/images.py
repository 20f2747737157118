"""Images: what is asked for, and what the seller says of one that was made for a credit, read strictly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from buyer.errors import SellerFault
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import files
from buyer.redemptions.jobs import WantedUse
from buyer.redemptions.redeem import MAX_DELIVERY, UsingCredits
from buyer.seller import trace
from buyer.seller.session import Session
from buyer.seller.typed import count, redemption_id, text, typed
from shared.text import clean

# Where images are. Another path, or another host, could be anything that answers to our address.
_PATH = re.compile(r"/api/images/[A-Za-z0-9][A-Za-z0-9:_-]{0,127}")


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """A delivered image: `content` is PNG (or what `extension` says), `subject` the seller's name for it.

    `repeated` when it was made for an earlier call of these words, whose answer was lost; no further credit was taken.
    """

    content: bytes
    extension: str
    subject: str
    redemption_id: str
    credits_remaining: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class ImageNotice:
    """A redemption that was captured, and where its image is; `sha256` in hex."""

    redemption_id: str
    credits_remaining: int
    subject: str
    path: str
    sha256: str


class Images:
    """Uses credits for images."""

    def __init__(self, session: Session, using: UsingCredits) -> None:
        self._session = session
        self._using = using

    async def generate(self, receipt: HeldReceipt, body: Mapping[str, str]) -> GeneratedImage:
        """An image for one credit."""
        path = await self.path(receipt)
        return await self._using.once(receipt, path, body, lambda use: self._image(receipt, use))

    async def path(self, receipt: HeldReceipt) -> str:
        """Where the seller makes images for a receipt's credits."""
        return (await self._session.seller()).catalog.use_path(receipt.product)

    async def fetch(self, receipt: HeldReceipt, use: WantedUse) -> GeneratedImage:
        """The image of a stored key; errors as those of `UsingCredits.fetch`."""
        return await self._using.fetch(use, lambda wanted: self._image(receipt, wanted))

    async def _image(self, receipt: HeldReceipt, use: WantedUse) -> GeneratedImage:
        reply = await self._using.ask(receipt, use, accept="application/json", explain=trace.delivered)
        notice = read(reply.json(), mount=self._session.http.mount)
        image = await self._session.http.send(
            "GET", notice.path, headers={"accept": "image/*"}, cap=MAX_DELIVERY
        )
        if not image.ok:
            raise SellerFault("image_missing", "the image cannot be had", seller_says=image.problem())
        if sha256(image.body).hexdigest() != notice.sha256:
            raise SellerFault("image_changed", "the image is not the one that was delivered for the credit")
        kind = files.extension(image.body)
        return GeneratedImage(
            image.body, kind, notice.subject, notice.redemption_id, notice.credits_remaining, reply.repeated
        )


def read(document: Mapping[str, Any], *, mount: str = "") -> ImageNotice:
    """A notice out of its JSON object, its path below the seller's `mount`; SellerFault for anything else."""
    try:
        notice = ImageNotice(
            redemption_id=redemption_id(document["redemption_id"]),
            credits_remaining=count(document["credits_remaining"]),
            subject=clean(typed(document["subject"], str)),
            path=text(document["image"]["url"]).removeprefix(mount),
            sha256=text(document["image"]["sha256"]),
        )
    except (KeyError, TypeError) as error:
        said = {"detail": repr(error)}
        raise SellerFault("image_malformed", "the answer names no image", seller_says=said) from error
    if not _PATH.fullmatch(notice.path):
        said = {"path": notice.path}
        raise SellerFault("image_elsewhere", "the image is not where images are", seller_says=said)
    return notice
