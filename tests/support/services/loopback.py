"""A chain service that misbehaves: bytes on a loopback socket, nothing in between."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

from shared.chain.base import ChainError
from shared.chain.blockfrost import Blockfrost

SECRET = "mainnetCanaryProjectIdThatNobodyMaySee"


def answer(body: object, status: int = 200, headers: str = "") -> bytes:
    """A whole HTTP answer; bytes are sent as they are, everything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(raw)}\r\n{headers}\r\n"
    return head.encode() + raw


def error(status: int, message: str = "no") -> bytes:
    return answer({"status_code": status, "error": "X", "message": message}, status)


class Service:
    """Gives `answers` in turn, the last one for ever; None hangs, b"" hangs up."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.handlers: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.handlers[asyncio.current_task()] = writer
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                self.requests.append(head + await reader.readexactly(int(length or 0)))
                reply = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if reply is None:
                    await reader.read()
                if not reply:
                    break
                await self.send(writer, reply)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client had enough
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def send(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        writer.write(reply)
        await writer.drain()

    async def end(self) -> None:
        for writer in self.handlers.values():
            writer.close()
        await asyncio.gather(*(task for task in self.handlers if task))


def ask(
    service: Service, question: Callable[[Blockfrost], Awaitable[object]], *, timeout: float = 5
) -> object:
    """Ask a client of the service; its answer, or the error it raises."""

    async def asked() -> object:
        server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        chain = Blockfrost(f"http://127.0.0.1:{port}/api/v0", SECRET, timeout=timeout)
        try:
            return await question(chain)
        except ChainError as failure:
            return failure
        finally:
            await chain.aclose()
            server.close()
            await service.end()
            await server.wait_closed()

    return asyncio.run(asked())


def tip(chain: Blockfrost) -> Awaitable[object]:
    return chain.tip()


def submit(chain: Blockfrost) -> Awaitable[object]:
    return chain.submit(b"\x84")
