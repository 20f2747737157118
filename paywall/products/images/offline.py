"""The image maker that needs no model, no network and no key: it draws a poster, and says so on it.

It draws in processes of its own: drawing is Python, and a thread of this process would hold up the API with it.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process

from paywall.products.images.maker import LENGTH_BYTES, MakerFailed, Picture, Subject

MODULE = "paywall.products.images.poster"
#: at one poster: who killed a process, an operator or a system out of memory, did not mean the picture
ATTEMPTS = 2
#: processes; one core is the API's, and each takes some 40 MB
MOST = max(1, min(4, (os.cpu_count() or 1) - 1))


class OfflineImageMaker:
    """Draws the same poster for the same subject, every time.

    Processes are started when they are first needed, and kept. They end when this one does, however that ends.
    """

    id = "offline"

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(MOST)
        self._all: set[Process] = set()
        self._idle: list[Process] = []
        self._closed = False

    async def make(self, subject: Subject, *, redemption_id: str, safety_identifier: str) -> Picture:
        """Draw; takes about a tenth of a second. Nothing is refused. Errors: MakerFailed, once it is closed too."""
        del redemption_id, safety_identifier  # nobody is asked, so nobody needs them
        async with self._room:
            for _ in range(ATTEMPTS):
                try:
                    return Picture(await self._draw(subject), "image/png", {})
                except (OSError, EOFError):
                    continue  # it was killed, or cannot be started
        raise MakerFailed("the process that draws ends before the poster is there", retryable=True)

    async def _draw(self, subject: Subject) -> bytes:
        """Errors: OSError and EOFError when the process ended, or cannot be started."""
        process = await self._take()
        try:
            poster = await _ask(process, subject)
        except BaseException:
            _kill(process)  # its answer would be taken for the next one's
            raise
        self._idle.append(process)
        return poster

    async def _take(self) -> Process:
        self._all = {process for process in self._all if process.returncode is None}
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        if self._closed:
            raise MakerFailed("the maker is closed", retryable=True)
        # A session of its own: an interrupt at the terminal is the server's to handle.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", MODULE), stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        self._all.add(process)
        if self._closed:
            _kill(process)  # meanwhile: it draws nothing
        return process

    async def aclose(self) -> None:
        """The processes end, and no other is started."""
        self._closed = True
        self._idle.clear()
        for process in self._all:
            _kill(process)
        # Who draws gives up, and leaves behind nothing that is still starting.
        for _ in range(MOST):
            await self._room.acquire()
        for _ in range(MOST):
            self._room.release()
        await asyncio.gather(*(process.wait() for process in self._all))


def _kill(process: Process) -> None:
    if process.returncode is None:
        process.kill()


async def _ask(process: Process, subject: Subject) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([subject.kind, subject.text]).encode() + b"\n")
    await process.stdin.drain()
    length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES))
    return await process.stdout.readexactly(length)
