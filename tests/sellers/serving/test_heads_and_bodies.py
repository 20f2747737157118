"""What one request may bring: bytes and lines of its head, bytes of its body, requests behind it."""

import asyncio
import json

import pytest

from tests.support.hostile.bounded import bounded
from tests.support.world.loop import in_server_loop

LINE = b"x-junk: " + b"y" * 1000 + b"\r\n"
MEGABYTE = 1 << 20


def refused(said: bytes, status: int, code: str) -> None:
    """One whole answer: problem details, after which nothing comes."""
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), said[:200]
    assert b"connection: close" in head
    assert json.loads(body)["code"] == code


@in_server_loop
async def test_what_a_client_may_do_on_a_connection_it_can_do() -> None:
    async with bounded() as at:
        line = await at.line()
        assert await line.ask() == b"here"
        assert await line.ask("/echo", b"a body") == b"a body"
        await line.say(
            b"POST /echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
        )
        assert await line.chunked() == b"abcd"
        await line.say(b"GET / HTTP/1.1\r\n\r\n" * 4)
        assert [await line.chunked() for _ in range(4)] == [b"here"] * 4
        await line.say(b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
        assert await line.chunked() == b"here"
        assert await line.rest() == b""  # nothing would be read on it


@pytest.mark.parametrize("head", [b"content-length: 6\r\n", b"transfer-encoding: chunked\r\n"])
@in_server_loop
async def test_a_body_behind_an_upgrade_is_refused_and_never_lost(head: bytes) -> None:
    """As `curl --http2 -d …` asks: what is behind the head would be taken for HTTP/2's."""
    async with bounded() as at:
        line = await at.line()
        asks = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
        await line.say(b"POST /echo HTTP/1.1\r\n" + asks + head + b"\r\na body")
        refused(await line.rest(), 400, "bad_request")


@in_server_loop
async def test_a_head_may_be_as_large_as_the_limit_says_in_pieces_of_any_size() -> None:
    async with bounded(header_bytes=4096) as at:
        line = await at.line()
        head = b"GET / HTTP/1.1\r\nx: " + b"y" * 3000 + b"\r\n\r\n"
        for start in range(0, len(head), 700):
            await line.say(head[start : start + 700])
        assert await line.chunked() == b"here"
        assert await line.ask("/echo", b"z" * 50_000) == b"z" * 50_000


@pytest.mark.parametrize(
    "head",
    [LINE, b"x" * 1000, b"x: y\r\n", b"\r\n" * 100, b"x-junk: " + b"y" * 70_000 + b"\r\n"],
    ids=["long lines", "one line without an end", "short lines", "empty lines", "a line above the limit"],
)
@in_server_loop
async def test_a_head_without_an_end_is_refused_and_no_longer_read(head: bytes) -> None:
    async with bounded() as at:
        line = await at.line()
        opening = b"" if head.startswith(b"\r\n") else b"GET / HTTP/1.1\r\n"
        await line.say(opening)
        written, said = await line.flood(head, 64 * MEGABYTE)
        assert written < 64 * MEGABYTE
        refused(said, 431, "headers_too_large")
        assert not at.app.asked.is_set()


@in_server_loop
async def test_too_many_lines_are_refused_though_they_are_short() -> None:
    async with bounded(header_count=20) as at:
        line = await at.line()
        await line.say(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20 + b"\r\n")
        assert await line.chunked() == b"here"
        await line.say(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 21 + b"\r\n")
        refused(await line.rest(), 431, "headers_too_large")


@in_server_loop
async def test_trailers_are_no_headers_of_the_request_and_have_an_end() -> None:
    async with bounded() as at:
        line, head = await at.line(), b"POST /names HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
        await line.say(head + b"0\r\nauthorization: late\r\n\r\n")
        assert await line.chunked() == b"transfer-encoding"
        await line.say(head + b"0\r\n")
        written, said = await line.flood(LINE, 64 * MEGABYTE)
        assert written < 64 * MEGABYTE
        refused(said, 431, "headers_too_large")


@in_server_loop
async def test_a_body_without_an_end_is_refused_by_the_server_when_the_app_takes_it_all() -> None:
    async with bounded() as at:
        line = await at.line()
        await line.say(b"POST /echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
        written, said = await line.flood(b"400\r\n" + b"z" * 1024 + b"\r\n", 64 * MEGABYTE)
        assert written < 64 * MEGABYTE
        refused(said, 413, "body_too_large")
        await at.app.gone.wait()


@in_server_loop
async def test_what_is_no_http_is_refused_without_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with bounded() as at:
        line = await at.line()
        await line.say(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        refused(await line.rest(), 400, "bad_request")
    assert caplog.text == ""


@in_server_loop
async def test_requests_that_wait_behind_another_are_few(capfd: pytest.CaptureFixture[str]) -> None:
    async with bounded() as at:
        line = await at.line()
        await line.say(b"GET /held HTTP/1.1\r\n\r\n" + b"GET / HTTP/1.1\r\n\r\n" * 1000)
        assert await line.rest() == b""
    assert capfd.readouterr().err == ""


@in_server_loop
async def test_who_leaves_with_requests_behind_the_first_leaves_no_fault_in_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with bounded() as at:
        line = await at.line()
        await line.say(b"GET /held HTTP/1.1\r\n\r\n" + b"GET / HTTP/1.1\r\n\r\n" * 3)
        await at.app.asked.wait()
        line.close()
        while at.server.server_state.connections:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0)
    assert capfd.readouterr().err == ""
