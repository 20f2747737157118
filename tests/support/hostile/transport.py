"""Transports that lose or double requests and replies, or die, at a request of one's choice."""

from collections.abc import Callable

import httpx


class Killed(BaseException):
    """The process died here: nothing below it gets to run, as far as the wallet can tell."""


class Unreliable(httpx.AsyncBaseTransport):
    """Hands requests to `inner`; before and after each, `before` and `after` may raise."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        before: Callable[[httpx.Request], None] = lambda request: None,
        after: Callable[[httpx.Request], None] = lambda request: None,
    ) -> None:
        self._inner = inner
        self._before = before
        self._after = after

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._before(request)
        response = await self._inner.handle_async_request(request)
        self._after(request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class At:
    """Raises `error` at the request number `number` (from 1) whose path is `path` (any, if empty)."""

    def __init__(self, number: int, error: BaseException, path: str = "", times: int = 1) -> None:
        self._numbers = range(number, number + times)
        self._error = error
        self._path = path
        self._seen = 0

    def __call__(self, request: httpx.Request) -> None:
        if self._path in {"", request.url.path}:
            self._seen += 1
            if self._seen in self._numbers:
                raise self._error


class Overtaken(httpx.AsyncBaseTransport):
    """A proxy that sends every POST twice, and hands back what it heard last: a proof holds once."""

    def __init__(self, inner: httpx.AsyncBaseTransport, times: int) -> None:
        """The first `times` POSTs with a proof; those after them go once."""
        self._inner = inner
        self._left = times
        self.statuses: list[int] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and "dpop" in request.headers and self._left:
            self._left -= 1
            first = await self._inner.handle_async_request(request)
            await first.aread()
            await first.aclose()
            self.statuses.append(first.status_code)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
