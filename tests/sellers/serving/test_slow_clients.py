"""What a client may take its time with, and for how long: nothing is held for one that does not come."""

import asyncio

import pytest

from paywall.serving.http_server import DRAIN_SECONDS
from tests.sellers.serving.test_heads_and_bodies import refused
from tests.support.hostile.bounded import bounded
from tests.support.world.loop import in_server_loop


@in_server_loop
async def test_a_connection_on_which_nothing_comes_is_closed_without_a_word() -> None:
    async with bounded(first_byte_seconds=1) as at:
        assert await (await at.line()).rest() == b""


@in_server_loop
async def test_half_a_head_is_answered_408_and_so_is_one_that_comes_byte_by_byte() -> None:
    async with bounded(head_seconds=1) as at:
        half, dripping = await at.line(), await at.line()
        await half.say(b"GET / HTTP/1.1\r\nx: y")

        async def drip() -> None:
            for byte in b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 1000:
                await dripping.say(bytes([byte]))
                await asyncio.sleep(0.05)

        dripped = asyncio.create_task(drip())
        refused(await half.rest(), 408, "request_timeout")
        refused(await dripping.rest(), 408, "request_timeout")
        dripped.cancel()
        assert not at.app.asked.is_set()


@in_server_loop
async def test_empty_lines_do_not_keep_a_connection() -> None:
    async with bounded(head_seconds=1) as at:
        line = await at.line()
        await line.ask()
        await line.say(b"\r\n")
        refused(await line.rest(), 408, "request_timeout")


@in_server_loop
async def test_half_a_body_is_answered_408_and_the_app_learns_that_nobody_is_there() -> None:
    async with bounded(body_seconds=1) as at:
        line = await at.line()
        await line.say(b"POST /echo HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf")
        refused(await line.rest(), 408, "request_timeout")
        await at.app.gone.wait()


@in_server_loop
async def test_a_connection_that_is_idle_is_closed_and_one_that_is_used_is_kept() -> None:
    async with bounded(idle_seconds=1, first_byte_seconds=1, head_seconds=1) as at:
        used, idle = await at.line(), await at.line()
        assert await idle.ask() == b"here"
        closed = asyncio.create_task(idle.rest())
        while not closed.done():
            assert await used.ask() == b"here"
            await asyncio.sleep(0.1)
        assert await used.ask() == b"here"


@in_server_loop
async def test_an_answer_may_take_longer_than_any_of_the_limits() -> None:
    async with bounded(first_byte_seconds=1, head_seconds=1, body_seconds=1, idle_seconds=1) as at:
        waiting, silent = await at.line(), await at.line()
        answer = asyncio.create_task(waiting.ask("/held", b"x"))
        await at.app.asked.wait()
        assert await silent.rest() == b""  # a second is over
        at.app.answer.set()
        assert await answer == b"here"


@in_server_loop
async def test_a_client_that_does_not_read_its_answer_is_cut() -> None:
    async with bounded(idle_seconds=1) as at:
        line = await at.line()
        await line.say(b"GET /large HTTP/1.1\r\n\r\n")
        await at.app.asked.wait()
        while at.server.server_state.connections:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    "raw", [b"", b"GET / HTTP/1.1\r\nx", b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx"]
)
@in_server_loop
async def test_a_stop_waits_for_no_client_and_finishes_what_is_under_way(raw: bytes) -> None:
    async with bounded() as at:
        busy, lines = await at.line(), [await at.line() for _ in range(20)]
        answer = asyncio.create_task(busy.ask("/held"))
        await at.app.asked.wait()
        for line in lines:
            await line.say(raw)
        while len(at.server.server_state.connections) < 21:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0)
        at.server.stop()
        said = await asyncio.gather(*(line.rest() for line in lines))
        assert not answer.done()
        at.app.answer.set()
        assert await answer == b"here"
    if raw:
        for one in said:
            refused(one, 503, "unavailable")


@pytest.mark.parametrize("path", [b"/large", b"/pieces"])
@in_server_loop
async def test_a_stop_gives_up_answers_that_their_clients_never_read(
    path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with bounded(idle_seconds=3600) as at:
        line, held = await at.line(), await at.line()
        await line.say(b"GET " + path + b" HTTP/1.1\r\n\r\n")
        await at.app.asked.wait()
        at.app.asked.clear()
        await held.say(b"GET /held HTTP/1.1\r\n\r\n")
        await at.app.asked.wait()
        at.server.stop()
        async with asyncio.timeout(
            DRAIN_SECONDS - 1
        ):  # after so long it is uvicorn that gives up, on everybody
            while len(at.server.server_state.connections) > 1:  # noqa: ASYNC110  uvicorn has no event for it
                await asyncio.sleep(0.1)
        assert not at.app.answer.is_set()  # and what is under way is not
        at.app.answer.set()
        assert b"here" in await held.rest()
    assert not at.server.server_state.connections
    assert "exceeded" not in caplog.text
