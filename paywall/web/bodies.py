"""Reading what a client sends, with limits that hold while it is still arriving."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request

from paywall.errors import BadRequest, BodyTooLarge, NotJson
from paywall.web.edge.whole import whole_of
from shared import strict_json
from shared.strict_json import StrictJsonError

MAX_BODY = 65_536
#: of a body that is read once for all who send it
SMALL_BODY = 256
#: of a length that need not be read to be too large
MAX_DIGITS = 20


async def read_object(request: Request) -> Mapping[str, Any]:
    """The JSON object in the body; an empty body is an empty object. Errors: BodyTooLarge, NotJson, BadRequest."""
    return object_of(await read_bytes(request))


def object_of(raw: bytes) -> Mapping[str, Any]:
    """The JSON object that a body is. Errors: NotJson, BadRequest."""
    if not raw.strip():
        return {}
    try:
        value = strict_json.loads(raw, max_bytes=MAX_BODY)
    except StrictJsonError as error:
        raise NotJson(f"The body is not acceptable JSON: {error}.") from error
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    return value


async def read_bytes(request: Request, most: int = MAX_BODY) -> bytes:
    """The body. Errors: BodyTooLarge."""
    whole = whole_of(request.scope)
    if whole is not None and (body := whole.take_body()) is not None:
        if len(body) > most:
            raise BodyTooLarge(f"A body may have {most:,} bytes.")
        return body
    return await _arriving(request, most)


async def _arriving(request: Request, most: int) -> bytes:
    announced = request.headers.get("content-length", "0")
    # No longer than it can be: int() of "²" is no number, and of 64 KB of digits an error.
    if announced.isascii() and announced.isdigit() and (len(announced) > MAX_DIGITS or int(announced) > most):
        raise BodyTooLarge(f"A body may have {most:,} bytes.")
    body = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > most:
            raise BodyTooLarge(f"A body may have {most:,} bytes.")
        if not message.get("more_body", False):
            return bytes(body)


def text_member(body: Mapping[str, Any], name: str) -> str:
    """Errors: BadRequest when it is missing or no text."""
    value = body.get(name)
    if not isinstance(value, str):
        raise BadRequest(f"`{name}` must be a string.")
    return value


def credits_member(body: Mapping[str, Any]) -> int | None:
    """How many credits; None for all. Errors: BadRequest."""
    if "credits" not in body:
        return None
    credits = body["credits"]
    if type(credits) is not int or credits < 1:
        raise BadRequest("`credits` must be a whole number of at least 1.")
    return credits


def wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")
