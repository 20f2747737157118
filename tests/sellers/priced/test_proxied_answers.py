"""What a service behind a proxy is sent, and what of its answers goes back; it may be careless, or worse."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from paywall.proxy.upstream import Upstream
from tests.support.world.loop import in_loop

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Service:
    """Answers each request with the next of `answers`, byte for byte; `heads` are what it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.heads: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self._answers:
            try:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            writer.write(self._answers.pop(0))
            await writer.drain()
        writer.close()


@asynccontextmanager
async def proxied(*answers: bytes) -> AsyncIterator[tuple[httpx.AsyncClient, Service]]:
    service = Service(*answers)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    upstream = Upstream(f"http://127.0.0.1:{port}", seconds=10)

    async def sold(request: Request) -> Response:
        request.state.redemption_id = "ours"
        return await upstream.answer(request)

    app = Starlette(
        routes=[Route("/sold", sold), Route("/{path:path}", upstream.answer, methods=["GET", "HEAD"])]
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://proxy") as http:
        yield http, service
    await upstream.aclose()
    server.close()


@pytest.mark.parametrize(
    ("method", "first"),
    [
        ("GET", OK + b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen"),
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nHTTP/1"),
    ],
)
@in_loop
async def test_what_follows_an_answer_is_nobody_elses(method: str, first: bytes) -> None:
    async with proxied(first, OK, OK) as (http, _):
        await http.request(method, "/a")
        assert (await http.get("/b")).text == "ok"


@in_loop
async def test_a_status_that_is_none_is_a_failure_of_the_service() -> None:
    async with proxied(b"HTTP/1.1 799 Odd\r\ncontent-length: 0\r\n\r\n") as (http, _):
        with pytest.raises(Exception, match="Nothing could be delivered"):
            await http.get("/a")


@in_loop
async def test_an_answer_that_breaks_off_is_a_failure_of_the_service() -> None:
    async with proxied(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nshort") as (http, _):
        with pytest.raises(Exception, match="Nothing could be delivered"):
            await http.get("/a")


@in_loop
async def test_what_a_service_says_of_a_use_is_not_said_beside_what_the_proxy_says() -> None:
    said = b"HTTP/1.1 200 OK\r\nRedemption-Id: theirs\r\nCredits-Remaining: 99\r\ncontent-length: 2\r\n\r\nok"
    async with proxied(said, said) as (http, _):
        free, sold = await http.get("/a"), await http.get("/sold")
    assert (free.headers["redemption-id"], free.headers["credits-remaining"]) == ("theirs", "99")
    assert not {"redemption-id", "credits-remaining"} & sold.headers.keys()


#: name and value of a header, and whether a service is to see it
HEADERS: list[tuple[bytes, bytes, Callable[[bytes], bool]]] = [
    (b"x-note", b"caf\xe9", lambda head: b"x-note: caf\xe9" in head),
    (b"X_Original_URL", b"/paid", lambda head: b"/paid" not in head),
    (b"Redemption_Id", b"mine", lambda head: b"mine" not in head),
]


@pytest.mark.parametrize(("name", "value", "holds"), HEADERS)
@in_loop
async def test_a_header_that_services_read_as_another_is_not_passed_on(
    name: bytes, value: bytes, holds: Callable[[bytes], bool]
) -> None:
    async with proxied(OK) as (http, service):
        await http.get("/a", headers=[(name, value)])
        assert holds(service.heads[0])


@in_loop
async def test_each_line_of_a_header_counts() -> None:
    lines = [("Connection", "close"), ("Connection", "X-Secret"), ("X-Secret", "hop")]
    lines += [("Authorization", "Basic own"), ("Authorization", "DPoP receipt")]
    async with proxied(OK) as (http, service):
        await http.get("/a", headers=lines)
        assert b"hop" not in service.heads[0]
        assert b"receipt" not in service.heads[0]
