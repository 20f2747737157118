"""An answer's head and body leave in one write, and nothing that was written is kept back."""

import asyncio

from paywall.serving.one_write import OneWrite
from tests.support.world.loop import in_loop


class Recording(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def opened() -> tuple[OneWrite, Recording]:
    transport = Recording()
    return OneWrite(transport, asyncio.get_running_loop()), transport


@in_loop
async def test_head_and_body_are_one_write() -> None:
    one, transport = opened()
    one.write(b"head")
    one.write(b"body")
    assert transport.writes == [b"headbody"]
    await asyncio.sleep(0)
    assert transport.writes == [b"headbody"]


@in_loop
async def test_a_head_whose_body_is_long_in_coming_leaves_with_the_turn() -> None:
    one, transport = opened()
    one.write(b"head")
    assert transport.writes == []
    await asyncio.sleep(0)
    assert transport.writes == [b"head"]
    one.write(b"body")
    await asyncio.sleep(0)
    assert transport.writes == [b"head", b"body"]


@in_loop
async def test_what_is_streamed_within_one_turn_is_never_more_than_one_piece_behind() -> None:
    one, transport = opened()
    for number in range(5):
        one.write(b"%d" % number)
    assert b"".join(transport.writes) == b"0123"
    await asyncio.sleep(0)
    assert b"".join(transport.writes) == b"01234"


@in_loop
async def test_what_is_sent_at_once_comes_after_what_was_kept_back() -> None:
    one, transport = opened()
    one.write(b"100 Continue")
    one.send(b"refusal")
    one.send(b"")
    assert transport.writes == [b"100 Continuerefusal"]
    await asyncio.sleep(0)
    assert len(transport.writes) == 1


@in_loop
async def test_closing_writes_what_was_kept_back() -> None:
    one, transport = opened()
    one.write(b"head")
    one.close()
    assert (transport.writes, one.is_closing()) == ([b"head"], True)
    await asyncio.sleep(0)


@in_loop
async def test_what_was_kept_back_for_a_connection_that_is_lost_is_dropped() -> None:
    one, transport = opened()
    one.write(b"head")
    transport.closed = True
    await asyncio.sleep(0)
    assert transport.writes == []


@in_loop
async def test_an_empty_body_sends_the_head_and_an_empty_write_alone_is_none() -> None:
    one, transport = opened()
    one.write(b"")
    one.write(b"head")
    one.write(b"")
    assert transport.writes == [b"head"]
