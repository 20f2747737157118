"""The table of routes. `openapi/document.py` describes them; a test holds the two together."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from paywall.errors import MethodNotAllowed, NotFound, PaymentRequired, PaywallError
from paywall.web.dialects import PaymentDialects
from paywall.web.operations import OperationRoutes
from paywall.web.problems import on_error, on_fault, problem_response
from paywall.web.redemptions import RedemptionRoutes
from paywall.web.resources import ResourceRoutes
from paywall.web.sales import SalesRoutes

Handler = Callable[[Request, Exception], Awaitable[Response]]


def routes(
    resources: Sequence[ResourceRoutes],
    sales: SalesRoutes,
    redemptions: RedemptionRoutes,
    operations: OperationRoutes,
) -> list[Route]:
    return [
        *(route for room in resources for route in room.routes(sales)),
        Route("/api/payments", sales.pay, methods=["POST"]),
        Route("/api/payments/{id}", sales.payment),
        Route("/api/catalog", sales.catalog),
        Route("/api/credits", redemptions.credits),
        Route("/api/redemptions/{id}", redemptions.redemption),
        Route("/api/burns/{tx_hash}", redemptions.burn),
        Route("/.well-known/did.json", operations.did),
        Route("/did.json", operations.did),  # where a did:web with a path has it
        Route("/openapi.json", operations.openapi),
        Route("/healthz", operations.healthz),
        Route("/readyz", operations.readyz),
    ]


async def _on_http(_request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no route, wrong method) in our form."""
    assert isinstance(error, HTTPException)
    refusal: PaywallError = (
        MethodNotAllowed() if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else NotFound()
    )
    response = problem_response(refusal)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def handlers(dialects: PaymentDialects) -> dict[Any, Handler]:
    """Error → its handler; the nearest class counts."""
    return {
        PaymentRequired: dialects.on_unpaid,
        PaywallError: on_error,
        HTTPException: _on_http,
        Exception: on_fault,
    }
