"""A paywall in front of a service in any language: what the file sells is paid for here, then asked of the service."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from paywall import Paywall
from paywall.errors import BadRequest, FulfilmentFailed, NotFound
from paywall.proxy.config import Place, ProxyConfig, is_plain
from paywall.proxy.upstream import Upstream
from paywall.settings import Settings
from paywall.web.problems import problem_response

#: the paywall's own, beside what is bought and delivered below /api/<id>
OWN = (
    *("/api/catalog", "/api/payments", "/api/payment-requests", "/api/credits", "/api/receipts"),
    *("/api/refunds", "/api/status-lists", "/api/redemptions", "/api/burns"),
)
OWN_PAGES = (
    *("/.well-known/did.json", "/did.json", "/.well-known/x402", "/llms.txt"),
    *("/openapi.json", "/healthz", "/readyz"),
)


class Proxy:
    """An ASGI app. `paywall` is the seller before the service; whoever serves this runs it."""

    def __init__(self, settings: Settings, config: ProxyConfig, upstream: Upstream) -> None:
        """Errors: SetupError."""
        self.paywall = Paywall(settings)
        self._upstream = upstream
        self._priced: list[tuple[Place, ASGIApp]] = []
        for sold in config.sold:
            resource = self.paywall.resource(sold.id, **dict(sold.terms), path=sold.place.path.rstrip("/"))
            self._priced.append((sold.place, _app(resource.priced(upstream.answer))))
        self._free = config.free
        self._passing = _app(upstream.answer)
        self._own = tuple(f"{path}/" for path in (*OWN, *(f"/api/{sold.id}" for sold in config.sold)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._for(scope)(scope, receive, send)

    def _for(self, scope: Scope) -> ASGIApp:
        """Who answers: what is sold counts before the paywall's own paths, and these before what is free."""
        method, path = scope["method"], scope["path"]
        if not is_plain(scope["raw_path"].decode("latin-1")):
            return problem_response(BadRequest("The path has more than one reading; write it plainly."))
        for place, app in self._priced:
            if place.holds(method, path):
                return app
        if path in OWN_PAGES or f"{path}/".startswith(self._own):
            return self.paywall
        if any(place.holds(method, path) for place in self._free):
            return self._passing
        return problem_response(NotFound("Nothing is here. What is sold is at /api/catalog."))


def _app(endpoint: object) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response: Response = await endpoint(Request(scope, receive, send))  # type: ignore[operator]
        except FulfilmentFailed as error:
            response = problem_response(error)
        await response(scope, receive, send)

    return app
