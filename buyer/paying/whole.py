"""An answer that is had when it is there to its end: one that breaks off is a lost one."""

from collections.abc import AsyncIterator, Callable, Iterator

import httpx


def when_read(response: httpx.Response, then: Callable[[], None]) -> None:
    """Call `then` once the body was read to its end, by whoever reads it."""
    if response.is_closed:
        then()
    else:
        response.stream = _ToItsEnd(response.stream, then)


class _ToItsEnd(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A stream, and what follows its end."""

    def __init__(
        self, stream: httpx.SyncByteStream | httpx.AsyncByteStream, then: Callable[[], None]
    ) -> None:
        self._stream = stream
        self._then = then

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._stream, httpx.SyncByteStream)
        yield from self._stream
        self._then()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._stream, httpx.AsyncByteStream)
        async for piece in self._stream:
            yield piece
        self._then()

    def close(self) -> None:
        assert isinstance(self._stream, httpx.SyncByteStream)
        self._stream.close()

    async def aclose(self) -> None:
        assert isinstance(self._stream, httpx.AsyncByteStream)
        await self._stream.aclose()
