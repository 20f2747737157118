"""Who asks, and which calls are counted for him: the one place of the rate limits on the web.

A 402 is counted where it is issued (`Selling`), for a use may end in one too; the others by their route.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from paywall.limits.limiter import RateLimiter, asking
from paywall.limits.networks import TrustedProxies
from paywall.limits.settings import CLAIMS, LOOKUPS
from paywall.web.paths import Endpoint

#: route → what a call of it counts as
EXPENSIVE = {
    "/api/payments": CLAIMS,
    "/api/payment-requests/{id}/instructions": CLAIMS,
    "/api/payments/{id}": LOOKUPS,
    "/api/receipts/refund": CLAIMS,
    "/api/receipts/transfer": CLAIMS,
    "/api/refunds/{id}": LOOKUPS,
    "/api/status-lists/{n}": LOOKUPS,
    "/api/redemptions/{id}": LOOKUPS,
    "/api/burns/{tx_hash}": LOOKUPS,
}


class Asking:
    """An ASGI layer that notes for whom each request is answered."""

    def __init__(self, app: ASGIApp, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            note_asking(scope, self._proxies)
        await self._app(scope, receive, send)


def note_asking(scope: Scope, proxies: TrustedProxies) -> None:
    """From here on the request of this scope is answered for the client that it came from."""
    peer = scope.get("client") or ("",)
    lines = (str(value, "latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for")
    asking.set(proxies.client(peer[0], lines))


def limited(routes: Sequence[Route], limiter: RateLimiter) -> list[Route]:
    """The routes; those that are expensive count their calls before anything else is done."""
    return [
        _limited(route, EXPENSIVE[route.path], limiter) if route.path in EXPENSIVE else route
        for route in routes
    ]


def _limited(route: Route, kind: str, limiter: RateLimiter) -> Route:
    endpoint: Endpoint = route.endpoint

    async def counted(request: Request) -> Response:
        await limiter.take(kind)
        return await endpoint(request)

    return type(route)(route.path, counted, methods=sorted(route.methods or ()))
