"""A handler's answer as bytes that can be kept and given again: `message/http` (RFC 9112 section 10.1), and back."""

from collections.abc import Iterable
from http import HTTPStatus

from paywall.web.responses import WholeResponse

MEDIA_TYPE = "message/http"
RawHeaders = Iterable[tuple[bytes, bytes]]
#: what is about one connection, or is counted anew each time
_OF_ONE_SENDING = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"trailer", b"content-length"}
    | {b"date", b"server"}
)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def packed(status: int, headers: RawHeaders, body: bytes) -> bytes:
    """Errors: ValueError for a header that would begin a line of its own."""
    lines = [b"HTTP/1.1 %d %s" % (status, _PHRASES.get(status, "").encode())]
    for name, value in headers:
        if any(mark in part for part in (name, value) for mark in (b"\r", b"\n", b"\0")) or b":" in name:
            raise ValueError("a header of the answer holds a line break, or its name a colon")
        if name.lower() not in _OF_ONE_SENDING:
            lines.append(b"%s: %s" % (name.lower(), value))
    return b"\r\n".join((*lines, b"", body))


def unpacked(raw: bytes) -> WholeResponse:
    """What `packed` packed. It is for who paid: a cache that others share keeps none of it."""
    head, _, body = raw.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
    response = WholeResponse(body, int(start.split(b" ")[1]), "")
    kept = [(name, value) for name, value in headers if name != b"cache-control"]
    private = [(b"cache-control", b"private, no-store")]
    response.raw_headers = [*private, (b"content-length", b"%d" % len(body)), *kept]
    return response
