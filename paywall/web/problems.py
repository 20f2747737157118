"""The one place where errors become HTTP: RFC 9457 problem details, never cached."""

from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import (
    InternalFault,
    MethodNotAllowed,
    NotFound,
    PaymentRequired,
    PaywallError,
    Unauthorized,
)
from shared import strict_json
from shared.dialects.ack import Ack
from shared.dialects.base import AnswerParts, HeaderLines, Refusal, Response402Parts

NO_STORE = {"Cache-Control": "no-store"}
#: RFC 9449 section 7.1, RFC 6750 section 3
CHALLENGES = 'DPoP algs="EdDSA", error="{error}", Bearer error="{error}"'

ACK = Ack()
Handler = Callable[[Request, Exception], Awaitable[Response]]


class WholeResponse(Response):
    """A whole answer that no cache keeps. Its head is made here: Starlette's way is a twentieth of a 402's time."""

    def __init__(self, body: bytes, status_code: int, media_type: str, lines: HeaderLines = ()) -> None:
        """A text is said to be UTF-8, as Starlette does; `lines` come after the usual ones."""
        self.status_code, self.body, self.background = status_code, body, None
        is_text = media_type.startswith("text/") and "charset=" not in media_type.lower()
        kind = f"{media_type}; charset=utf-8" if is_text else media_type
        self.raw_headers = [
            (b"cache-control", b"no-store"),
            (b"content-length", b"%d" % len(body)),
            (b"content-type", kind.encode("latin-1")),
        ]
        self.append(lines)

    def append(self, lines: HeaderLines) -> None:
        """Each is a line of its own: WWW-Authenticate may stand more than once."""
        self.raw_headers += [(_wire_name(name), value.encode("latin-1")) for name, value in lines]


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


def refusal_of(error: PaywallError) -> Refusal:
    """A refusal as every dialect takes it."""
    headers: list[tuple[str, str]] = []
    if error.retry_after is not None:
        headers.append(("Retry-After", str(error.retry_after)))
    if isinstance(error, Unauthorized):
        headers.append(("WWW-Authenticate", CHALLENGES.format(error="invalid_token")))
    to_pay = error.to_pay if isinstance(error, PaymentRequired) else None
    return Refusal(error.problem(), to_pay, tuple(headers))


def problem_response(error: PaywallError) -> Response:
    """The response for a refusal where no dialect was spoken. A 402 carries the PRT to pay beside the problem."""
    return parts_response(ACK.answer(refusal_of(error)))


def refusing(elsewhere: str) -> dict[Any, Handler]:
    """Starlette's handlers for our tree, and for its own refusals (no route, wrong method) in our form.

    `elsewhere` is for who found no route.
    """

    async def on_http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        wrong_method = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        refusal = MethodNotAllowed() if wrong_method else NotFound(f"Nothing is here. {elsewhere}")
        response = problem_response(refusal)
        response.headers.update(error.headers or {})
        return response

    return {PaywallError: on_error, HTTPException: on_http}


async def on_error(_request: Request, error: Exception) -> Response:
    """Starlette's handler for our tree."""
    assert isinstance(error, PaywallError)
    return problem_response(error)


async def on_fault(_request: Request, _error: Exception) -> Response:
    """What nobody foresaw: the log has it, the client learns nothing of it."""
    return problem_response(
        InternalFault("Something went wrong here. The log has it under this request's id.")
    )
