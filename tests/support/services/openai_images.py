"""A loopback `POST /v1/images/generations` that misbehaves on demand and complains about what it is sent.

Compared with: the shapes of answers and errors with npm `@copilotkit/aimock` 1.43 (by a test in
tests/unit/images/test_images_aimock.py), the request's members with the parameters that the official `openai`
package declares, its limits with https://platform.openai.com/docs/api-reference/images/create. No live
account was reached. aimock plays the well-behaved server; this one is for what aimock cannot show.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

KEY = "sk-test-9f2c77d1e0"
MAX_PROMPT = 32_000
MAX_SAFETY_IDENTIFIER = 64

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def reply(status: int, body: object, headers: str = "") -> Answer:
    """Answer in full. Bytes go out as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(status, len(raw), headers) + raw)

    return answer


def error(status: int, code: str | None, message: str = "no", headers: str = "") -> Answer:
    """Answer with an error in OpenAI's envelope."""
    body = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return reply(status, {"error": body}, headers)


def picture(b64_json: str) -> Answer:
    """Answer with one picture and its usage."""
    usage = {"input_tokens": 11, "output_tokens": 1056, "total_tokens": 1067}
    return reply(200, {"created": 1, "data": [{"b64_json": b64_json}], "usage": usage})


def cut_off(body: bytes) -> Answer:
    """Promise more than comes, and close."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(200, len(body) + 1000) + body)

    return answer


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing until the client goes away."""
    await reader.read()


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begin an answer, and say nothing more until the client goes away."""
    writer.write(_head(200, 1000) + b'{"data"')
    await reader.read()


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a byte often enough that no single read times out, until the client goes away."""
    writer.write(_head(200, 10**6))
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)  # the behaviour itself, not a wait for something


async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send white space, which is lawful JSON so far, until the client goes away."""
    writer.write(_head(200, 10**12))
    while not writer.is_closing():
        writer.write(b" " * 1_000_000)
        await writer.drain()


def _head(status: int, length: int, headers: str = "") -> bytes:
    lines = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}"
    return f"{lines}Connection: close\r\n\r\n".encode()


class FakeImagesApi:
    """Give every request the same answer. `complaints` says what was wrong with the requests."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.complaints: list[str] = []
        self.base_url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._read(reader)
            await self._answer(reader, writer)
            await writer.drain()
        except ConnectionError:
            pass  # the client has gone, as many of the tests want
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.headers.append(headers)
        self.requests.append(body)
        self.complaints += _complaints(first, headers, body)


def _complaints(first: str, headers: dict[str, str], body: dict[str, Any]) -> list[str]:
    from openai.types.image_generate_params import ImageGenerateParamsNonStreaming

    declared = ImageGenerateParamsNonStreaming.__annotations__.keys()
    checks = {
        "wrong request line": first == "POST /v1/images/generations HTTP/1.1",
        "wrong key": headers.get("authorization") == f"Bearer {KEY}",
        "wrong content type": headers.get("content-type") == "application/json",
        "undeclared members": body.keys() <= declared,
        "no model": isinstance(body.get("model"), str) and body["model"] != "",
        "unlawful prompt": isinstance(body.get("prompt"), str) and 0 < len(body["prompt"]) <= MAX_PROMPT,
        "not exactly one picture": body.get("n") == 1,
        "response_format is for models that are shut down": "response_format" not in body,
        "no safety_identifier": 0 < len(body.get("safety_identifier", "")) <= MAX_SAFETY_IDENTIFIER,
    }
    return [complaint for complaint, holds in checks.items() if not holds]
