"""Small pictures, as files and as an API sends them."""

import base64
import io

from PIL import Image


def picture_file(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(file, kind)
    return file.getvalue()


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


PNG = encoded(picture_file())
