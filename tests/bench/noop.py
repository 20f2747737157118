"""An image maker and a picture store that cost nothing: the paywall is measured, not the pictures."""

import hashlib

from paywall.products.images.maker import Picture, Subject

PICTURE = Picture(b"\x89PNG\r\n\x1a\n" + bytes(56), "image/png", {})


class NoopMaker:
    """Hands out one and the same 64 bytes."""

    id = "noop"

    async def make(self, subject: Subject, *, redemption_id: str, safety_identifier: str) -> Picture:
        return PICTURE

    async def aclose(self) -> None:
        return


class MemoryPictures:
    """Keeps pictures in this process."""

    def __init__(self) -> None:
        self._pictures: dict[str, bytes] = {}

    async def put(self, image_id: str, picture: Picture) -> str:
        self._pictures[image_id] = picture.data
        return hashlib.sha256(picture.data).hexdigest()

    async def get(self, image_id: str) -> bytes | None:
        return self._pictures.get(image_id)
