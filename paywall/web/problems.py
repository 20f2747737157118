"""The one place where errors become HTTP: RFC 9457 problem details, never cached."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import InternalFault, PaymentRequired, PaywallError, Unauthorized
from shared import strict_json
from shared.problem import Problem
from shared.tokens import jws

NO_STORE = {"Cache-Control": "no-store"}
#: RFC 9449 section 7.1, RFC 6750 section 3
CHALLENGES = 'DPoP algs="EdDSA", error="{error}", Bearer error="{error}"'


class JsonResponse(Response):
    """Compact JSON that no cache keeps."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, {**NO_STORE, **(headers or {})})

    def render(self, content: Any) -> bytes:
        return strict_json.dumps(content).encode()


def problem_response(error: PaywallError) -> Response:
    """The response for a refusal. A 402 carries the PRT to pay beside the problem's own fields."""
    extra = dict(error.extra)
    headers = dict(NO_STORE)
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = CHALLENGES.format(error="invalid_token")
    if isinstance(error, PaymentRequired) and error.token is not None:
        extra["paymentRequestToken"] = error.token
        extra["paymentRequest"] = jws.unverified(error.token)[1]
    problem = Problem(error.status, error.code, error.title, error.detail, error.retryable, extra)
    body = strict_json.dumps(problem.body()).encode()
    return Response(body, error.status, headers, media_type="application/problem+json")


async def on_error(_request: Request, error: Exception) -> Response:
    """Starlette's handler for our tree."""
    assert isinstance(error, PaywallError)
    return problem_response(error)


async def on_fault(_request: Request, _error: Exception) -> Response:
    """What nobody foresaw: the log has it, the client learns nothing of it."""
    return problem_response(
        InternalFault("Something went wrong here. The log has it under this request's id.")
    )
