"""A priced handler whose answer goes out as it comes, over a real server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from tests.sellers.priced.shop import Shop, bearer, left, shown
from tests.support.world.loop import in_loop


@asynccontextmanager
async def served(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """By uvicorn: a client's answer begins before it ends."""
    server = uvicorn.Server(uvicorn.Config(shop.app, log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        async with (
            shop.paywall.running(),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as http,
        ):
            serving = asyncio.create_task(server.serve([listener]))
            yield http
            server.should_exit = True
            await serving


class Ticker:
    """Sends one piece, and the next when it is told to; `ended` tells how it came to its end."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self, _request: Request) -> Response:
        return StreamingResponse(self._pieces(), media_type="text/event-stream")

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            yield b"data: 1\n\n"
            await self.go.wait()
            yield b"data: 2\n\n"
        except asyncio.CancelledError:
            self.ended.set_result("cancelled")
            raise
        self.ended.set_result("whole")


@in_loop
async def test_the_first_piece_is_there_before_the_second_is_made_and_is_paid_for(tmp_path: Path) -> None:
    shop, ticker = Shop(tmp_path, streams=True), Ticker()
    shop.answers = [ticker]
    async with served(shop) as http:
        holder = await bearer(http) | {"Idempotency-Key": "k"}
        async with http.stream("POST", "/report", headers=holder) as answer:
            pieces = answer.aiter_raw()
            assert await anext(pieces) == b"data: 1\n\n"
            assert await left(http, holder) == 3
            ticker.go.set()
            assert await anext(pieces) == b"data: 2\n\n"
            assert (answer.status_code, answer.headers["credits-remaining"]) == (200, "3")
        again = await http.post("/report", headers=holder)
        assert (again.status_code, again.json()["code"]) == (409, "delivery_streamed")
        assert await left(http, holder) == 3
    assert ticker.ended.result() == "whole"


@in_loop
async def test_a_client_that_goes_away_ends_the_handler(tmp_path: Path) -> None:
    shop, ticker = Shop(tmp_path, streams=True), Ticker()
    shop.answers = [ticker]
    async with served(shop) as http:
        async with http.stream("POST", "/report", headers=await bearer(http)) as answer:
            await anext(answer.aiter_raw())
        assert await asyncio.wait_for(ticker.ended, 5) == "cancelled"


@in_loop
async def test_twenty_copies_of_one_payment_begin_one_stream(tmp_path: Path) -> None:
    shop = Shop(tmp_path, streams=True)
    async with served(shop) as http:
        payment = shown(await http.post("/report"), "quarter")
        answers = await asyncio.gather(*(http.post("/report", headers=payment) for _ in range(20)))
    told = sorted(answer.text if answer.status_code == 200 else answer.json()["code"] for answer in answers)
    assert told == sorted(['{"number":1}', *["delivery_streamed"] * 19])
    assert len(shop.asked) == 1


async def _breaks(_request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        raise ZeroDivisionError
        yield b""

    return StreamingResponse(pieces())


@pytest.mark.parametrize("answer", [PlainTextResponse("no", 404), ZeroDivisionError()], ids=["404", "error"])
@in_loop
async def test_what_is_no_success_costs_nothing(tmp_path: Path, answer: Any) -> None:
    shop = Shop(tmp_path, streams=True)
    shop.answers = [answer]
    async with served(shop) as http:
        holder = await bearer(http)
        status = 404 if isinstance(answer, Response) else 500
        assert (await http.post("/report", headers=holder)).status_code == status
        assert await left(http, holder) == 4


@in_loop
async def test_a_stream_that_breaks_off_ends_its_answer_too(tmp_path: Path) -> None:
    shop = Shop(tmp_path, streams=True)
    shop.answers = [_breaks]
    async with served(shop) as http:
        with pytest.raises(httpx.HTTPError):
            await http.post("/report", headers=await bearer(http))
