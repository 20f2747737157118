"""A request taken and answered at once is on the wire what ASGI's messages make of it."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from paywall.serving.whole_answer import EXTENSION
from paywall.web.edge.whole import EXTENSION as LOOKED_FOR
from tests.support.hostile.bounded import Answering, bounded
from tests.support.world.loop import in_server_loop

#: more than a socket takes whose client does not read
LARGE = 32 << 20
HEADERS = [(b"content-type", b"text/plain"), (b"x-told", b"a value")]


class Wholly(Answering):
    """Echoes bodies, wholly where that can be, and notes what could be."""

    def __init__(self, *, wholly: bool, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        super().__init__()
        self._wholly = wholly
        self._headers = headers or []
        #: of each request: whether its body was taken at once, and whether its answer was
        self.took: list[bool] = []
        self.answered: list[bool] = []
        #: what is to be had once it is answered
        self.afterwards: list[tuple[bool, bytes | None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        whole = scope["extensions"][EXTENSION]
        body = whole.take_body() if self._wholly else None
        self.took.append(body is not None)
        if body is None:
            body, more = b"", True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.gone.set()
                    return
                body, more = body + message["body"], message["more_body"]
        if scope["path"] == "/held":
            await self.answer.wait()
        if scope["path"] == "/large":
            body = bytes(LARGE)
        headers = [(b"content-length", b"%d" % len(body)), *HEADERS, *self._headers]
        self.answered.append(self._wholly and whole.answer(200, headers, body))
        if not self.answered[-1]:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        self.afterwards.append((whole.answer(200, headers, b"twice"), whole.take_body()))


def posted(body: bytes, *lines: bytes, version: bytes = b"1.1") -> bytes:
    head = (b"POST / HTTP/%b" % version, b"content-length: %d" % len(body), *lines)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


CONVERSATIONS = {
    "one request": [posted(b"a body", b"connection: close")],
    "an empty body": [posted(b"", b"connection: close")],
    "an old client": [posted(b"a body", version=b"1.0")],
    "requests behind each other": [posted(b"one") + posted(b"two") + posted(b"three", b"connection: close")],
    "a body in pieces": [posted(b"")[:-2] + b"x: y\r\n", b"\r\n" + posted(b"abc", b"connection: close")],
    "in chunks": [
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    ],
}


@pytest.mark.parametrize("said", CONVERSATIONS.values(), ids=CONVERSATIONS)
@in_server_loop
async def test_a_whole_answer_is_to_the_letter_what_messages_make(said: list[bytes]) -> None:
    heard = []
    for wholly in (True, False):
        app = Wholly(wholly=wholly)
        async with bounded(app) as at:
            line = await at.line()
            for piece in said:
                await line.say(piece)
            heard.append([one for one in (await line.rest()).split(b"\r\n") if not one.startswith(b"date:")])
        assert app.answered == [wholly] * len(app.answered)
        assert set(app.afterwards) == {(False, None)}
    assert heard[0] == heard[1]
    assert heard[0][0] == b"HTTP/1.1 200 OK"


@in_server_loop
async def test_a_body_that_is_still_coming_is_awaited_and_its_answer_is_whole() -> None:
    app = Wholly(wholly=True)
    async with bounded(app) as at:
        line = await at.line()
        await line.say(posted(b"abcdef", b"connection: close")[:-3])
        await app.asked.wait()
        await line.say(b"def")
        assert (await line.rest()).endswith(b"\r\n\r\nabcdef")
    assert (app.took, app.answered) == ([False], [True])


@in_server_loop
async def test_a_client_that_waits_to_be_told_is_told_to_send_its_body() -> None:
    app = Wholly(wholly=True)
    async with bounded(app) as at:
        line = await at.line()
        await line.say(posted(b"abc", b"expect: 100-continue", b"connection: close"))
        assert (await line.rest()).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert (app.took, app.answered) == ([False], [True])


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b"])
@in_server_loop
async def test_a_value_that_would_begin_a_line_of_its_own_is_not_sent(
    value: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    app = Wholly(wholly=True, headers=[(b"x-injected", value)])
    async with bounded(app) as at:
        line = await at.line()
        await line.say(posted(b"abc"))
        said = await line.rest()
    assert app.answered == [False]
    assert b"x-injected" not in said
    assert b"set-cookie" not in said
    assert "Invalid HTTP header value" in capfd.readouterr().err


@in_server_loop
async def test_who_left_before_the_answer_is_not_written_to(capfd: pytest.CaptureFixture[str]) -> None:
    app = Wholly(wholly=True)
    async with bounded(app) as at:
        line = await at.line()
        await line.say(posted(b"abc").replace(b"POST /", b"POST /held"))
        await app.asked.wait()
        line.close()
        while at.server.server_state.connections:  # noqa: ASYNC110  the server has no event for it
            await asyncio.sleep(0)
        app.answer.set()
        while not app.answered:  # noqa: ASYNC110  nor has the app
            await asyncio.sleep(0)
    assert app.answered == [False]
    assert capfd.readouterr().err == ""


@in_server_loop
async def test_behind_an_answer_that_is_not_read_the_next_one_waits() -> None:
    app = Wholly(wholly=True)
    async with bounded(app) as at:
        line = await at.line()
        large = posted(b"").replace(b"POST /", b"POST /large")
        await line.say(large + posted(b"abc", b"connection: close"))
        said = await line.rest()
    assert app.answered == [True, False]
    assert len(said) > LARGE
    assert said.endswith(b"\r\n\r\nabc")


def test_the_app_looks_where_the_server_puts_it() -> None:
    """Each has the name for itself, for neither knows the other; else every request would go the long way."""
    assert LOOKED_FOR == EXTENSION
