"""The outermost ASGI layer: a request id, one log line and one count for each request, and the last net."""

import logging
import time
from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paywall.clock import random_bytes
from paywall.ops.logs import log_request

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
        answering = Answering(scope)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                answering.status = message["status"]
                message["headers"] = [*message.get("headers", ()), *answering.headers]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            answering.status = CLIENT_GONE
        except Exception as error:  # noqa: BLE001  it went out as a problem; here it meets the request's id
            answering.fault(error)
        finally:
            answering.end(getattr(scope.get("route"), "path", "unmatched"), self._count)


class Answering:
    """One request from its beginning to its line in the log. `headers` go out with its answer."""

    __slots__ = ("_id", "_method", "_started", "headers", "status")

    def __init__(self, scope: Scope) -> None:
        self._started = time.perf_counter()
        self._method = scope["method"]
        self._id = request_id(scope)
        self.headers = (b"request-id", self._id.encode()), NOSNIFF
        self.status = 500

    def fault(self, error: Exception) -> None:
        """What nobody foresaw."""
        log.error("fault", exc_info=error, extra={"request_id": self._id})

    def end(self, route: str, count: Count) -> None:
        """`route` is the path's template: path, query, headers and body may hold tokens or prompts."""
        seconds = time.perf_counter() - self._started
        method = self._method if self._method in METHODS else "other"
        count(method, route, self.status, seconds)
        log_request(f"{method} {route} {self.status}", self._id, round(seconds * 1000, 1))


def request_id(scope: Scope) -> str:
    """The caller's own Request-Id when it is short and plain, else a new one."""
    for name, value in scope["headers"]:
        if name == b"request-id" and 0 < len(value) <= MAX_REQUEST_ID and value.replace(b"-", b"").isalnum():
            return str(value, "ascii", "replace")
    return random_bytes().hex()
