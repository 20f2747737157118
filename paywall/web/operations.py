"""Routes of the operator: identity, OpenAPI, health, readiness, metrics."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from paywall.errors import PaywallError, Unavailable
from paywall.web.problems import JsonResponse


class OperationRoutes:
    """GET /.well-known/did.json, /openapi.json, /healthz, /readyz and /metrics."""

    def __init__(
        self,
        *,
        did_document: Callable[[], Mapping[str, Any]],
        openapi: Callable[[], Mapping[str, Any]],
        ready: Callable[[], Awaitable[dict[str, str]]],
        metrics: Callable[[], Awaitable[tuple[bytes, str]]],
    ) -> None:
        """`ready` gives a note for each part, "ok…" or why not; `metrics` the exposition and its media type."""
        self._did_document = did_document
        self._openapi = openapi
        self._ready = ready
        self._metrics = metrics

    async def did(self, _request: Request) -> Response:
        return JsonResponse(self._did_document())

    async def openapi(self, _request: Request) -> Response:
        return JsonResponse(self._openapi())

    async def healthz(self, _request: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok", headers={"Cache-Control": "no-store"})

    async def readyz(self, _request: Request) -> Response:
        """Every part that a sale needs answers."""
        try:
            parts = await self._ready()
        except PaywallError as error:
            raise Unavailable(error.detail) from error
        status = 200 if all(note.startswith("ok") for note in parts.values()) else 503
        return JsonResponse(parts, status)

    async def metrics(self, _request: Request) -> Response:
        body, media_type = await self._metrics()
        return Response(body, headers={"Cache-Control": "no-store", "Content-Type": media_type})
