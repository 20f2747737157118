"""Answers that nobody asked to be long: read whole up to a cap, whoever reads them."""

from collections.abc import AsyncIterator, Iterator

import httpx

from buyer.errors import SellerFault
from buyer.seller.http import MAX_JSON


class CappedStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """At most `MAX_JSON` bytes of an answer, then SellerFault `answer_too_large`.

    Nothing of a compressed one: a few bytes of it can become gigabytes, and what is read here may be empty.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._stream = response.stream
        self._compressed = response.headers.get("content-encoding", "identity").lower() != "identity"

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._stream, httpx.SyncByteStream)
        size = 0
        for chunk in () if self._compressed else self._stream:
            size = _within(size + len(chunk))
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._stream, httpx.AsyncByteStream)
        size = 0
        if not self._compressed:
            async for chunk in self._stream:
                size = _within(size + len(chunk))
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


def _within(size: int) -> int:
    if size > MAX_JSON:
        raise SellerFault("answer_too_large", f"the seller's answer is larger than {MAX_JSON} bytes")
    return size
