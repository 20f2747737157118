"""A short way for a request that is wholly here, and for an answer that is whole: uvicorn's way, at once.

By ASGI's messages such a request and its answer are awaited in three pieces, each looked at for what it might be. An
app finds this way as `paywall.whole` in its scope's extensions, under our own server alone; where it says no, ASGI's
messages say the same.
"""

from collections.abc import Sequence

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

EXTENSION = "paywall.whole"
_LINE = b"%b: %b\r\n"


class Whole:
    """Of one request, until it is answered."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        """Its scope's extensions hold this, too."""
        self._cycle: RequestResponseCycle | None = cycle
        cycle.scope["extensions"] = {EXTENSION: self}  # type: ignore[dict-item]  # a name of our own

    def end(self) -> None:
        """It is answered: this and the request no longer hold each other."""
        self._cycle = None

    def take_body(self) -> bytes | None:
        """The request's body, to be asked for once; None where some of it is still to come, or is not sent unasked."""
        cycle = self._cycle
        if cycle is None or cycle.more_body or cycle.waiting_for_100_continue or cycle.disconnected:
            return None
        body, cycle.body = bytes(cycle.body), bytearray()
        cycle.message_event.clear()  # who receives now waits for the client's end
        return body

    def answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes | memoryview) -> bool:
        """Send it all; False where nothing was sent. The headers tell the length of the body, whose client wants it."""
        cycle = self._cycle
        if cycle is None or cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
            return False
        lines = [*cycle.default_headers, *headers]
        head = b"".join([_LINE % line for line in lines])
        if head.count(b"\r") != len(lines) or head.count(b"\n") != len(lines) or b"\0" in head:
            return False  # a value that would begin a line of its own: uvicorn refuses it
        ends = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join((STATUS_LINE[status], head, ends, body)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True
