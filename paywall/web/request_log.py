"""The outermost ASGI layer: a request id, one log line and one count for each request, and the last net."""

import logging
import secrets
import time
from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("paywall.requests")
Count = Callable[[str, str, int, float], None]
MAX_REQUEST_ID = 64
#: no more kinds of request are counted and logged than there are: a client may call its method anything
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
#: no browser reads one media type as another; a picture is never a page
NOSNIFF = (b"x-content-type-options", b"nosniff")
#: nobody is left to answer; counted and logged as nginx does
CLIENT_GONE = 499


class RequestLog:
    """Wraps the app. `count` is called with method, route template, status and seconds."""

    def __init__(self, app: ASGIApp, count: Count) -> None:
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"request-id", request_id.encode()),
                    NOSNIFF,
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_GONE
        except Exception:  # the answer has gone out as a problem; here it meets the request's id
            log.exception("fault", extra={"request_id": request_id})
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._count(method, route, status, seconds)
            # The path's template, never the path, query, headers or body: those may hold tokens or prompts.
            log.info(
                "%s %s %d",
                method,
                route,
                status,
                extra={"request_id": request_id, "milliseconds": round(seconds * 1000, 1)},
            )


def _request_id(scope: Scope) -> str:
    """The caller's own Request-Id when it is short and plain, else a new one."""
    for name, value in scope["headers"]:
        if name == b"request-id" and 0 < len(value) <= MAX_REQUEST_ID and value.replace(b"-", b"").isalnum():
            return str(value, "ascii", "replace")
    return secrets.token_hex(16)
