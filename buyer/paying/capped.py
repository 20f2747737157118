"""Answers that nobody asked to be long: read whole up to a cap, whoever reads them."""

import time
from collections.abc import AsyncIterator, Iterator

import httpx

from buyer.errors import SellerFault
from buyer.seller.http import MAX_JSON

#: until such an answer must be there: each piece of one that drips is in time
SECONDS = 60.0


class CappedStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """At most `MAX_JSON` bytes of an answer, then SellerFault `answer_too_large`; `answer_too_slow` after `SECONDS`.

    Nothing of a compressed one: a few bytes of it can become gigabytes, and what is read here may be empty.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._stream = response.stream
        self._compressed = response.headers.get("content-encoding", "identity").lower() != "identity"

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._stream, httpx.SyncByteStream)
        size, until = 0, time.monotonic() + SECONDS
        for chunk in () if self._compressed else self._stream:
            size = _within(size + len(chunk), until)
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._stream, httpx.AsyncByteStream)
        size, until = 0, time.monotonic() + SECONDS
        if not self._compressed:
            async for chunk in self._stream:
                size = _within(size + len(chunk), until)
                yield chunk

    def close(self) -> None:
        assert isinstance(self._stream, httpx.SyncByteStream)
        self._stream.close()

    async def aclose(self) -> None:
        assert isinstance(self._stream, httpx.AsyncByteStream)
        await self._stream.aclose()


def cap(response: httpx.Response) -> httpx.Response:
    """`response`, of which nobody reads more than the cap."""
    response.stream = CappedStream(response)
    return response


def _within(size: int, until: float) -> int:
    if time.monotonic() > until:
        raise SellerFault("answer_too_slow", f"the seller's answer takes longer than {SECONDS:.0f} s")
    if size > MAX_JSON:
        raise SellerFault("answer_too_large", f"the seller's answer is larger than {MAX_JSON} bytes")
    return size
