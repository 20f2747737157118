"""Whose pages may call the API from a browser (the Fetch standard's CORS protocol), never with its user's cookies.

A page can do nothing with this that its server could not: a request carries the buyer's own receipt and proof, and
`Access-Control-Allow-Credentials` is never sent.
"""

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paywall.redemptions.resource import Resource
from paywall.web.settings import ANY

#: what a page may read beside the body; `*` is for the headers of dialects that others bring
EXPOSED = (
    *("WWW-Authenticate", "Location", "Retry-After", "Request-Id", "Credits-Remaining", "Redemption-Id"),
    *("PAYMENT-REQUIRED", "PAYMENT-RESPONSE", "X-PAYMENT-RESPONSE", "Payment-Receipt"),
    *("Idempotent-Replayed", "Allow", "ETag", "Accept-Ranges", "Content-Range", "*"),
)
_FOR_ANY = (
    (b"access-control-allow-origin", ANY.encode()),
    (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
)
METHODS = ("GET", "HEAD", "POST")
KEPT_SECONDS = 600
DOCUMENTS = ("/.well-known/did.json", "/did.json", "/openapi.json", "/.well-known/x402", "/llms.txt")


def api_paths(resources: Collection[Resource]) -> tuple[str, ...]:
    """What the paths of the API begin with; the operator's, and pages, are not for other origins."""
    return ("/api/", *DOCUMENTS, *(f"{resource.path}/" for resource in resources))


class CrossOrigin:
    """Wraps the app, so that its refusals and faults can be read by a page too."""

    def __init__(self, app: ASGIApp, origins: Collection[str], paths: tuple[str, ...]) -> None:
        """`origins` as in `WebSettings`; `paths` as `api_paths` gives them."""
        self._app = app
        self._origins = frozenset(origins)
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._origins or not self._is_api(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        allowed = self._allowed(headers.get("origin"))
        if allowed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._preflight(allowed, headers)(scope, receive, send)
            return

        async def send_shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._share(MutableHeaders(scope=message), allowed)
            await send(message)

        await self._app(scope, receive, send_shared)

    def share(self, scope: Scope, response: Response) -> None:
        """What the layer does for the answer to a request of the API that is no preflight."""
        if ANY in self._origins:
            response.raw_headers += _FOR_ANY
        elif self._origins:
            self._share(response.headers, self._allowed(Headers(scope=scope).get("origin")))

    def _is_api(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return bool(path.startswith(self._paths))

    def _allowed(self, origin: str | None) -> str | None:
        """What is allowed: every origin, whoever asks, or the one that does."""
        if ANY in self._origins:
            return ANY
        return origin if origin in self._origins else None

    def _share(self, headers: MutableHeaders, allowed: str | None) -> None:
        if allowed is not None:
            headers["Access-Control-Allow-Origin"] = allowed
            headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)
        if allowed != ANY:
            headers.add_vary_header("Origin")  # a picture that a browser kept for one origin is not another's

    def _preflight(self, allowed: str, asked: Headers) -> Response:
        """No flow is asked: what may be sent does not depend on what is there."""
        told = {
            "Access-Control-Allow-Methods": ", ".join(METHODS),
            # As asked, for a dialect may read any header, and `*` would not stand for Authorization.
            "Access-Control-Allow-Headers": asked.get("access-control-request-headers", ""),
            "Access-Control-Max-Age": str(KEPT_SECONDS),
            "Cache-Control": "no-store",
        }
        response = Response(None, 204, told)
        self._share(response.headers, allowed)
        return response
