"""Answers to conditional and range requests for a body that never changes (RFC 9110 sections 13 and 14)."""

import re

from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import RangeNotSatisfiable
from paywall.web.problems import problem_response

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def unchanging(request: Request, body: bytes, media_type: str, sha256: str) -> Response:
    """200 with the whole body, 206 with the range that was asked for, 304, or 416; for the client's own cache alone."""
    tag = f'"{sha256}"'
    headers = {
        "Cache-Control": "private, immutable, max-age=31536000",
        "ETag": tag,
        "Accept-Ranges": "bytes",
    }
    if named_by(request, tag):
        return Response(None, 304, headers)
    asked = _range(request, tag)
    if asked is None:
        return Response(body, 200, headers, media_type=media_type)
    first, last = _within(asked, len(body))
    if first > last:
        refusal = problem_response(RangeNotSatisfiable(f"The whole has {len(body):,} bytes."))
        refusal.headers["Content-Range"] = f"bytes */{len(body)}"
        return refusal
    headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
    return Response(body[first : last + 1], 206, headers, media_type=media_type)


def named_by(request: Request, tag: str) -> bool:
    """Whether If-None-Match names what the client would be sent."""
    named = ",".join(request.headers.getlist("if-none-match")).split(",")
    return any(name.strip().removeprefix("W/") in {tag, "*"} for name in named)


def _range(request: Request, tag: str) -> tuple[str, str] | None:
    """The one range that is asked for, as it is spelled; None for the whole.

    What is not understood (other units, several ranges, junk) asks for the whole: section 14.2 wants it so.
    """
    ranges = request.headers.getlist("range")
    if request.method != "GET" or len(ranges) != 1 or request.headers.get("if-range", tag) != tag:
        return None
    match = _RANGE.fullmatch(ranges[0].strip().lower())
    if match is None or match[1] == match[2] == "" or _is_backwards(match[1], match[2]):
        return None
    return match[1], match[2]


def _is_backwards(first: str, last: str) -> bool:
    return bool(first and last) and int(last) < int(first)


def _within(asked: tuple[str, str], size: int) -> tuple[int, int]:
    """The first and the last byte of it, both counted; an empty range when the body has none of them."""
    first, last = asked
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
