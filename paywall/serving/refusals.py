"""What is answered below the app: to requests that never reach it."""

from http import HTTPStatus

from paywall.errors import PaywallError
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
