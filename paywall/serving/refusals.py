"""What is answered below the app: to requests that never reach it."""

from collections.abc import Iterable
from http import HTTPStatus

from paywall.errors import BadRequest, HeadersTooLarge, PaywallError
from paywall.serving.settings import ServingSettings
from shared import strict_json


def refusal_bytes(error: PaywallError) -> bytes:
    """A whole HTTP/1.1 response: problem details (RFC 9457), after which the connection ends."""
    body = strict_json.dumps(error.problem().body()).encode()
    retry = [] if error.retry_after is None else [f"retry-after: {error.retry_after}"]
    head = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        *retry,
        "connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def head_too_large(limits: ServingSettings) -> HeadersTooLarge:
    return HeadersTooLarge(
        f"A request may have {limits.header_count} header lines with {limits.header_bytes:,} bytes."
    )


def upgrade_refusal(headers: Iterable[tuple[bytes, bytes]]) -> BadRequest | None:
    """Of a request that asks for another protocol; None for one without a body (RFC 9112 section 6.3).

    llhttp takes a body behind it for the other protocol's, and gives us a request without one: it must not be answered.
    """
    told = dict(headers)
    if b"transfer-encoding" not in told and told.get(b"content-length", b"0") == b"0":
        return None
    return BadRequest("A request with a body cannot ask for another protocol: leave Upgrade out.")
