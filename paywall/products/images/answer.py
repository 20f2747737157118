"""Reads the JSON answer of an Images API, trusting nothing in it. Pure.

https://platform.openai.com/docs/api-reference/images/object: `{"data": [{"b64_json": …}], "usage": {…}}`.
"""

import base64
import binascii
from typing import Any

from paywall.products.images.maker import MakerFailed, Picture
from shared import strict_json

MAX_PICTURE_BYTES = 20 * 1024 * 1024
MAX_ANSWER_BYTES = MAX_PICTURE_BYTES * 4 // 3 + 64 * 1024


def read_answer(answer: bytes) -> Picture:
    """The one picture in the answer, with `usage` as reported.

    Only `b64_json` is read: following a `url` would let the server choose whom we connect to.
    Raises MakerFailed for everything else than one complete PNG, JPEG or WebP file of at most 20 MB.
    """
    body = _object(answer)
    data = _decode(_encoded(body))
    usage = body.get("usage")
    return Picture(data, _media_type(data), usage if isinstance(usage, dict) else {})


def _object(answer: bytes) -> dict[str, Any]:
    try:
        # How deep it may be is bounded here: where a program has raised Python's own limit, depth ends the process.
        body = strict_json.loads(answer, max_bytes=MAX_ANSWER_BYTES)
    except ValueError:
        raise _garbage("is not JSON") from None
    if not isinstance(body, dict):
        raise _garbage("is not a JSON object")
    return body


def _encoded(body: dict[str, Any]) -> str:
    match body.get("data"):
        case [{"b64_json": str(encoded)}]:
            return encoded
        case _:
            raise _garbage("does not hold exactly one picture as b64_json")


def _decode(encoded: str) -> bytes:
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise _garbage("is not Base64") from None
    if len(data) > MAX_PICTURE_BYTES:
        raise _garbage("is too long")
    return data


def _media_type(data: bytes) -> str:
    """Judge by both ends of the file: a cut-off picture must not be charged for."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff") and data.endswith(b"\xff\xd9"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and int.from_bytes(data[4:8], "little") == len(data) - 8:
        return "image/webp"
    raise _garbage("holds no complete PNG, JPEG or WebP file")


def _garbage(what: str) -> MakerFailed:
    """Not retryable: the picture may have been charged for, and a wrong server stays wrong."""
    return MakerFailed(f"the model's answer {what}", retryable=False)
