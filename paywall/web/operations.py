"""Routes of the operation: identity, OpenAPI, health and readiness for everybody, and what is the operator's alone."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from paywall.ops.readiness import every_part_answers
from paywall.web.problems import NO_STORE, refusing
from paywall.web.responses import JsonResponse

Ready = Callable[[], Awaitable[dict[str, str]]]
Exposition = Callable[[], Awaitable[tuple[bytes, str]]]


class OperationRoutes:
    """GET /.well-known/did.json, /.well-known/x402, /llms.txt, /openapi.json, /healthz and /readyz."""

    def __init__(
        self,
        *,
        did_document: Callable[[], Mapping[str, Any]],
        openapi: Callable[[], Mapping[str, Any]],
        well_known_x402: bytes,
        llms_txt: bytes,
        ready: Ready,
    ) -> None:
        """`ready` gives a note for each part, "ok…" or why not."""
        self._did_document = did_document
        #: 64 KB that are spelled once: each time, they would cost the server more than anything else that is free
        self._openapi = bytes(JsonResponse(openapi()).body)
        self._well_known_x402, self._llms_txt = well_known_x402, llms_txt
        self._ready = ready

    async def did(self, _request: Request) -> Response:
        return JsonResponse(self._did_document())

    async def openapi(self, _request: Request) -> Response:
        return Response(self._openapi, headers=NO_STORE, media_type=JsonResponse.media_type)

    async def well_known_x402(self, _request: Request) -> Response:
        return Response(self._well_known_x402, headers=NO_STORE, media_type=JsonResponse.media_type)

    async def llms_txt(self, _request: Request) -> Response:
        return Response(self._llms_txt, headers=NO_STORE, media_type="text/plain")

    async def healthz(self, _request: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok", headers={"Cache-Control": "no-store"})

    async def readyz(self, _request: Request) -> Response:
        """Whether every part that a sale needs answers. Which one does not is no stranger's business."""
        status = _status(await self._ready())
        return JsonResponse({"ready": status == HTTPStatus.OK}, status)


def operator_app(ready: Ready, exposition: Exposition) -> ASGIApp:
    """What the operator alone may see: GET /metrics, and /readyz with a note for each part."""

    async def readyz(_request: Request) -> Response:
        parts = await ready()
        return JsonResponse(parts, _status(parts))

    async def metrics(_request: Request) -> Response:
        body, media_type = await exposition()
        return Response(body, headers={**NO_STORE, "Content-Type": media_type})

    table = [Route("/readyz", readyz), Route("/metrics", metrics)]
    return Starlette(routes=table, exception_handlers=refusing("The operator has /metrics and /readyz."))


def _status(parts: Mapping[str, str]) -> int:
    return HTTPStatus.OK if every_part_answers(parts) else HTTPStatus.SERVICE_UNAVAILABLE
