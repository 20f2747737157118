"""The two requests that every sale and every use is, past the layers that serve all others.

Starlette's layers, its routing and its view of the headers cost more than the signature of a 402. What they do is done
here once for such a request, by the parts that they are made of. All other routes, and these two in their other
spellings and methods, go through the layers; a test holds the answers of both ways against each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from paywall.limits.networks import TrustedProxies
from paywall.web.edge.cors import CrossOrigin
from paywall.web.edge.request_log import CLIENT_GONE, Answering, Count
from paywall.web.edge.storable import check_storable
from paywall.web.edge.whole import whole_of
from paywall.web.paths import Endpoint
from paywall.web.problems import Handler
from paywall.web.rate_limits import note_asking


@dataclass(frozen=True, slots=True)
class Edge:
    """What the layers are made of."""

    proxies: TrustedProxies
    cross_origin: CrossOrigin
    count: Count
    #: error → its handler; the nearest class counts
    handlers: Mapping[Any, Handler]


class IndexedHeaders(Headers):
    """Starlette's headers, looked up instead of searched. Of two of one name the first counts, as there."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        self._first = dict(reversed(self._list))

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower().encode("latin-1")].decode("latin-1")

    def get(self, key: str, default: Any = None) -> Any:
        value = self._first.get(key.lower().encode("latin-1"))
        return default if value is None else value.decode("latin-1")

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower().encode("latin-1") in self._first


class DirectRequest(Request):
    """A request as the endpoints know it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self._headers = IndexedHeaders(scope)  # where Starlette keeps those that it made


class DirectRoutes:
    """Wraps the layered app. `endpoints` by their whole paths, for POST."""

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint], edge: Edge) -> None:
        self._app = app
        self._endpoints = endpoints
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        direct = scope["type"] == "http" and scope["method"] == "POST" and not scope.get("root_path")
        endpoint = self._endpoints.get(scope["path"]) if direct else None
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        answering = Answering(scope)
        try:
            response = await self._response(endpoint, DirectRequest(scope, receive, send), answering)
            answering.status = response.status_code
            self._edge.cross_origin.share(scope, response)
            headers = [*response.raw_headers, *answering.headers]
            whole = whole_of(scope)
            if whole is None or not whole.answer(response.status_code, headers, response.body):
                await send(
                    {"type": "http.response.start", "status": response.status_code, "headers": headers}
                )
                await send({"type": "http.response.body", "body": response.body})
        except ClientDisconnect:
            answering.status = CLIENT_GONE
        finally:
            answering.end(scope["path"], self._edge.count)

    async def _response(self, endpoint: Endpoint, request: Request, answering: Answering) -> Response:
        try:
            check_storable(request.scope)
            note_asking(request.scope, self._edge.proxies)
            return await endpoint(request)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001  the last net: each has its answer
            return await self._refusal(request, error, answering)

    async def _refusal(self, request: Request, error: Exception, answering: Answering) -> Response:
        handler = next(found for kind in type(error).__mro__ if (found := self._edge.handlers.get(kind)))
        last_net = self._edge.handlers[Exception]
        if handler is not last_net:
            try:
                return await handler(request, error)
            except Exception as fault:  # noqa: BLE001  a handler's own, which is not to be told either
                error = fault
        answering.fault(error)
        return await last_net(request, error)
