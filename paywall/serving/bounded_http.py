"""One HTTP connection: uvicorn's own, with limits on what arrives and how long it takes.

httptools' parser (llhttp) hands out each header as it ends, and joins the pieces of one that does not. So what is
counted here is bytes before the parser has them, and fields as it finds them.
"""

import asyncio
import math

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from paywall.errors import (
    BadRequest,
    BodyTooLarge,
    PaywallError,
    RequestTimeout,
    Unavailable,
)
from paywall.serving.awaited import Awaited
from paywall.serving.connections import Connections, Share
from paywall.serving.one_write import OneWrite
from paywall.serving.refusals import head_too_large, refusal_bytes, upgrade_refusal
from paywall.serving.settings import ServingSettings
from paywall.serving.unread import Unread
from paywall.serving.whole_answer import Whole

#: what one body may take on the wire, chunk headers and trailers included; the app has its own, lower limit
WIRE_BODY_BYTES = 1 << 20
#: whole requests that may wait behind the one that is answered
PIPELINED = 8
#: how long it is listened to after a refusal, so that the refusal is not lost in a reset
LINGER_SECONDS, LINGER_BYTES = 2.0, 16 << 20


class BoundedHttp(HttpToolsProtocol):
    """`look` is called every half second and acts when the deadline has passed; no timer is set for a request."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        limits: ServingSettings,
        connections: Connections,
        share: Share,
    ) -> None:
        super().__init__(config, server_state, {}, asyncio.get_running_loop())
        self._limits = limits
        self._held, self._share = connections, share
        self._reading = Awaited.BETWEEN
        self._deadline = math.inf
        #: a whole request is under way
        self._busy = False
        #: left of this head: bytes before the parser, fields after it
        self._room = self._fields = 0
        self._wire_bytes = self._dropped = 0
        self._unread = Unread()
        self._refusal: PaywallError | None = None
        #: the request that is answered; `cycle` is the last that came, which may wait behind it
        self._answered: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._one_write = OneWrite(transport, self.loop)
        self._expect(self._limits.first_byte_seconds)
        self._held.wait(self._share, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._reading = Awaited.NOTHING
        self._held.work(self._share, self)
        self._held.release(self._share)
        self._nobody_is_there()
        super().connection_lost(exc)

    def cut(self) -> None:
        self._reading = Awaited.NOTHING
        self._held.work(self._share, self)
        self._nobody_is_there()
        self.transport.abort()

    def _nobody_is_there(self) -> None:
        """Tell the app, whose answers lead nowhere from now on; uvicorn would tell it of the last request alone."""
        for cycle in (self._answered, self.cycle):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()

    def _expect(self, seconds: float) -> None:
        self._deadline = self.loop.time() + seconds

    def data_received(self, data: bytes) -> None:
        try:
            while data and self._reading is not Awaited.NOTHING:
                data = self._feed(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # not taken up (RFC 9110 section 7.8), nor what comes behind it
        except httptools.HttpParserError:
            self._refuse(self._refusal or BadRequest("This is not HTTP."))
        except PaywallError as error:
            self._refuse(error)
        if self._reading is Awaited.NOTHING:
            self._dropped += len(data)
            if self._dropped > LINGER_BYTES:
                self.cut()

    def _feed(self, data: bytes) -> bytes:
        """Give the parser what it may have; what is left for the next turn."""
        if self._reading is Awaited.BODY:
            self._wire_bytes += len(data)
            if self._wire_bytes > WIRE_BODY_BYTES:
                raise BodyTooLarge(f"A body may take {WIRE_BODY_BYTES:,} bytes on the wire.")
            self.parser.feed_data(data)
            return b""
        if self._reading is Awaited.BETWEEN:
            self._begin()
        piece, rest = (data, b"") if len(data) <= self._room else (data[: self._room], data[self._room :])
        self._room -= len(piece)
        self.parser.feed_data(piece)
        if self._reading is Awaited.HEAD and self._room <= 0:
            raise head_too_large(self._limits)
        return rest

    def _refused(self, error: PaywallError) -> PaywallError:
        self._refusal = error
        return error

    def _begin(self) -> None:
        self._reading = Awaited.HEAD
        self._room, self._fields = self._limits.header_bytes, self._limits.header_count
        self._expect(self._limits.head_seconds)

    def on_message_begin(self) -> None:
        if self._reading is Awaited.BETWEEN:  # behind another in one piece
            self._begin()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields -= 1
        if self._fields < 0:
            raise self._refused(head_too_large(self._limits))
        if self._reading is Awaited.HEAD:  # a trailer comes after the body, and is no header of the request
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= PIPELINED:
            raise self._refused(BadRequest(f"At most {PIPELINED} requests may wait behind another."))
        if self.parser.should_upgrade() and (refusal := upgrade_refusal(self.headers)):
            raise self._refused(refusal)
        super().on_headers_complete()
        self._reading, self._wire_bytes = Awaited.BODY, 0
        self._expect(self._limits.body_seconds)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._reading = Awaited.BETWEEN
        if self.cycle.response_complete:
            self._expect(self._limits.idle_seconds)
        else:
            self._busy = True
            self._deadline = math.inf
            self._held.work(self._share, self)

    # what is answered

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered, self._whole = cycle, Whole(cycle)
        cycle.transport = self._one_write  # type: ignore[assignment]  # all that a cycle asks of one
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self._whole.end()
        self._one_write.flush()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._leave()
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            if cycle is not self.cycle or self._reading is not Awaited.BODY:
                return  # wholly here, and under way
        self._busy = False
        self._held.wait(self._share, self)
        if self._deadline == math.inf:
            self._expect(self._limits.idle_seconds)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.begin(self.loop.time())
        self._expect(self._limits.idle_seconds)
        # Answers that nobody reads could hold every place for hours, and a request asked behind them would guard it.
        self._held.wait(self._share, self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread.begin(self.loop.time())
        if self._busy:
            self._deadline = math.inf
            self._held.work(self._share, self)

    # what is late

    def look(self, now: float) -> None:
        """Every half second: end what has waited too long for its client."""
        unsent = self.transport.get_write_buffer_size()
        if self._unread.given_up(now, unsent):
            self.cut()
        elif now < self._deadline:
            return
        elif unsent and self._unread.is_taken(unsent):
            self._expect(self._limits.idle_seconds)
        elif unsent or self._reading is Awaited.NOTHING:
            self.cut()
        elif self._busy:
            self._deadline = math.inf
        elif self.flow.read_paused:  # it is we who do not read
            self._expect(self._limits.body_seconds)
        elif self._reading is Awaited.BETWEEN:
            self.transport.close()
            self._leave()
        else:
            self._refuse(RequestTimeout())

    def shutdown(self) -> None:
        """What is under way is finished; of what is not wholly here nothing has begun, and it can go elsewhere."""
        self._unread.stop(self.loop.time())
        if self._busy:
            super().shutdown()
        elif self._reading in {Awaited.HEAD, Awaited.BODY}:
            self._refuse(Unavailable("This server stops; ask again."))
            self.transport.close()
        else:
            self.transport.close()
            self._leave()

    def _refuse(self, error: PaywallError) -> None:
        """Answer, and read no more. What stands behind a request that is under way ends with it, unanswered."""
        begun = self._reading is Awaited.BODY and self.cycle.response_started
        if self._busy:
            self.cut()
            return
        if self._reading is Awaited.BODY and not begun:
            self._nobody_is_there()
        self._leave()
        self._one_write.send(b"" if begun else refusal_bytes(error))
        self.flow.resume_reading()  # and what comes is dropped
        if not self.transport.is_closing():
            self.transport.write_eof()

    def _leave(self) -> None:
        self._reading = Awaited.NOTHING
        self._unread.begin(self.loop.time())
        self._expect(LINGER_SECONDS)
        self._held.wait(self._share, self)
