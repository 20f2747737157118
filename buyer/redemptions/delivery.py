"""What the seller says of an image that was made for a credit, read strictly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from buyer.errors import SellerFault, clean
from buyer.seller.typed import count, text, typed

# Where images are. Another path, or another host, could be anything that answers to our address.
_PATH = re.compile(r"/api/images/[A-Za-z0-9][A-Za-z0-9:_-]{0,127}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A redemption that was captured, and where its image is; `sha256` in hex."""

    redemption_id: str
    credits_remaining: int
    subject: str
    path: str
    sha256: str


def read(document: Mapping[str, Any]) -> Delivery:
    """A delivery out of its JSON object; SellerFault for anything that is not one."""
    try:
        delivery = Delivery(
            redemption_id=text(document["redemption_id"]),
            credits_remaining=count(document["credits_remaining"]),
            subject=clean(typed(document["subject"], str)),
            path=text(document["image"]["url"]),
            sha256=text(document["image"]["sha256"]),
        )
    except (KeyError, TypeError) as error:
        raise SellerFault("image_malformed", f"the answer names no image: {clean(repr(error))}") from error
    if not _PATH.fullmatch(delivery.path):
        raise SellerFault("image_elsewhere", f"the image is not where images are: {clean(delivery.path)}")
    return delivery
