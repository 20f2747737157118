"""The one place where errors become HTTP: RFC 9457 problem details, never cached."""

from collections.abc import Awaitable, Callable
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
from paywall.web.responses import WholeResponse, parts_response
from shared.dialects.ack import Ack
from shared.dialects.base import Offer, Refusal

NO_STORE = {"Cache-Control": "no-store"}
#: RFC 9449 section 7.1, RFC 6750 section 3
CHALLENGES = 'DPoP algs="EdDSA", error="{error}", Bearer error="{error}"'

ACK = Ack()
Handler = Callable[[Request, Exception], Awaitable[Response]]


def refusal_of(error: PaywallError) -> Refusal:
    """A refusal as every dialect takes it."""
    headers: list[tuple[str, str]] = []
    if error.retry_after is not None:
        headers.append(("Retry-After", str(error.retry_after)))
    if isinstance(error, Unauthorized):
        headers.append(("WWW-Authenticate", CHALLENGES.format(error="invalid_token")))
    left = error.to_pay if isinstance(error, PaymentRequired) else None
    to_pay = None if left is None else Offer(left.token, left.request)
    return Refusal(error.problem(), to_pay, tuple(headers))


def problem_response(error: PaywallError) -> WholeResponse:
    """The response for a refusal where no dialect was spoken. A 402 carries the PRT to pay beside the problem."""
    return parts_response(ACK.answer(refusal_of(error), None))


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
