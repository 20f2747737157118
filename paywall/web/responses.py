"""Whole answers that no cache keeps."""

from functools import cache, lru_cache
from typing import Any

from starlette.responses import Response

from shared import strict_json
from shared.dialects.base import AnswerParts, HeaderLines, Response402Parts

_NOT_STORED = b"cache-control", b"no-store"


class WholeResponse(Response):
    """A whole answer that no cache keeps. Its head is made here: Starlette's way is a twentieth of a 402's time."""

    def __init__(self, body: bytes, status_code: int, media_type: str, lines: HeaderLines = ()) -> None:
        """A text is said to be UTF-8, as Starlette does; `lines` come after the usual ones."""
        self.status_code, self.body, self.background = status_code, body, None
        self.raw_headers = [
            _NOT_STORED,
            (b"content-length", b"%d" % len(body)),
            _content_type(media_type),
        ]
        if lines:
            self.append(lines)

    def append(self, lines: HeaderLines) -> None:
        """Each is a line of its own: WWW-Authenticate may stand more than once."""
        self.raw_headers += [(_wire_name(name), value.encode("latin-1")) for name, value in lines]


@lru_cache(maxsize=256)
def _content_type(media_type: str) -> tuple[bytes, bytes]:
    is_text = media_type.startswith("text/") and "charset=" not in media_type.lower()
    kind = f"{media_type}; charset=utf-8" if is_text else media_type
    return b"content-type", kind.encode("latin-1")


@cache
def _wire_name(name: str) -> bytes:
    """Of the few names that our own code gives."""
    return name.lower().encode("latin-1")


class JsonResponse(WholeResponse):
    """Compact JSON that no cache keeps."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, lines: HeaderLines = ()) -> None:
        super().__init__(strict_json.dumps(content).encode(), status_code, self.media_type, lines)


def parts_response(parts: Response402Parts | AnswerParts) -> WholeResponse:
    """What a dialect said, as a response that no cache keeps."""
    body = parts.body() if isinstance(parts, Response402Parts) else parts.body
    return WholeResponse(body, parts.status, parts.media_type, parts.headers)
