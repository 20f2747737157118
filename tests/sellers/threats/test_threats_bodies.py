"""Bodies that are too large or can be read in two ways, and the figures that a buyer may not name.

Threats of `reference/reliability.md` under "Content".
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from paywall.web.bodies import MAX_BODY
from shared.tokens import jws
from tests.support.hostile.http_socket import serving
from tests.support.world.ledger import added
from tests.support.world.scenes.scene import GENERATE, NEW_REQUEST
from tests.support.world.scenes.stage import Stage

BUY, PAY = "/api/images/buy", "/api/payments"
CHUNK = b" " * 4096


BODIES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"credits=3", "not_json"),
    "a list": (b"[3]", "bad_request"),
    "a number": (b"3", "bad_request"),
    "a name given twice": (b'{"credits":1,"credits":1000}', "not_json"),
    "NaN": (b'{"credits":NaN}', "not_json"),
    "Infinity": (b'{"credits":-Infinity}', "not_json"),
    "1e400": (b'{"credits":1e400}', "not_json"),
    "an integer of 64 bits": (b'{"credits":9223372036854775808}', "not_json"),
    "deep nesting": (b'{"credits":' + b"[" * 1000 + b"]" * 1000 + b"}", "not_json"),
    "open brackets": (b"[" * 60_000, "not_json"),
    "bytes that are not UTF-8": (b'{"credits":"\xc0\xaf"}', "not_json"),
    "a byte order mark": (b'\xef\xbb\xbf{"credits":1}', "not_json"),
    "UTF-16": ('{"credits":1}'.encode("utf-16"), "not_json"),
    "a compressed body": (b"\x1f\x8b\x08\x00", "not_json"),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", [BUY, PAY, GENERATE])
def test_a_body_that_can_be_read_in_two_ways_is_not_read(stage: Stage, path: str, name: str) -> None:
    body, code = BODIES[name]
    stage.refused(lambda: stage.seller.http.post(path, content=body), 400, code)


#: what `credits` may not be, as JSON text
NO_COUNTS = [
    "-5",
    "0",
    "0.5",
    "3.0",
    "1e21",
    "1e2",
    "true",
    '"3"',
    "null",
    "[3]",
    "1000001",
    "9223372036854775807",
]


@pytest.mark.parametrize("value", NO_COUNTS)
@pytest.mark.parametrize("member", ["credits", "count"])
def test_credits_are_a_whole_number(stage: Stage, member: str, value: str) -> None:
    body = f'{{"{member}":{value}}}'
    stage.refused(lambda: stage.seller.http.post(BUY, content=body), 400, "bad_request")


@pytest.mark.parametrize("body", [{}, {"credits": 3, "count": 4}, {"credits": 3, "count": True}], ids=str)
def test_credits_are_named_once(stage: Stage, body: dict[str, Any]) -> None:
    stage.refused(lambda: stage.seller.http.post(BUY, json=body), 400, "bad_request")


@pytest.mark.parametrize("body", [{"count": 3}, {"credits": 3, "count": 3}, {"credits": 3}], ids=str)
def test_ack_labs_count_is_another_name_for_credits(stage: Stage, body: dict[str, Any]) -> None:
    before = stage.ledger()
    answer = stage.run(stage.seller.http.post(BUY, json=body))
    assert answer.status_code == 402
    assert jws.unverified(answer.text)[1]["order"]["credits"] == 3
    assert added(before, stage.ledger()) == NEW_REQUEST


HOLDERS: list[Any] = [
    *("", "did:key:z6Mk", "did:web:127.0.0.1", "alice", "did:key:z" + "1" * 47),
    "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",  # secp256k1
    *(7, None, ["did:key:z6Mk"], {"jwk": {}}),
]


@pytest.mark.parametrize("holder", HOLDERS, ids=str)
def test_a_holder_is_the_did_key_of_an_ed25519_key(stage: Stage, holder: object) -> None:
    body = {"credits": 1, "holder": holder}
    stage.refused(lambda: stage.seller.http.post(BUY, json=body), 400, "bad_request")


@pytest.mark.parametrize("path", [BUY, PAY, GENERATE])
def test_a_body_over_the_limit_is_refused_by_what_it_announces(stage: Stage, path: str) -> None:
    """With nothing sent: the server does not wait for the bytes that it will not take."""

    async def send() -> httpx.Response:
        async with serving(stage.seller.parts.app) as port:
            return await announce(port, path, MAX_BODY + 1)

    stage.refused(send, 413, "body_too_large")


@pytest.mark.parametrize("path", [BUY, PAY, GENERATE])
@pytest.mark.parametrize("announced", [None, "10", "+70000", "-1"], ids=str)
def test_a_body_over_the_limit_is_refused_while_it_streams(
    stage: Stage, path: str, announced: str | None
) -> None:
    """Whatever it announces: reading stops one chunk past the limit."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(2000):
            read += len(CHUNK)
            yield CHUNK

    headers = {} if announced is None else {"Content-Length": announced}
    stage.refused(
        lambda: stage.seller.http.post(path, content=endless(), headers=headers), 413, "body_too_large"
    )
    assert read <= MAX_BODY + 2 * len(CHUNK)


@pytest.mark.parametrize(
    "announced", ["\u00b2", "9" * 5000, "0" * 5000 + "1"], ids=["no digit", "endless", "zeros"]
)
def test_a_length_that_is_no_number_of_bytes_is_no_fault_of_ours(stage: Stage, announced: str) -> None:
    """Other servers than uvicorn let such lines through; int() takes neither."""
    headers = {b"Content-Length": announced.encode("latin-1")}
    answer = stage.run(stage.seller.http.post(BUY, content=b'{"credits":0}', headers=headers))
    assert answer.status_code in {400, 413}


def test_a_body_at_the_limit_is_read(stage: Stage) -> None:
    body = json.dumps({"credits": 0}).encode()
    padded = body + b" " * (MAX_BODY - len(body))
    stage.refused(lambda: stage.seller.http.post(BUY, content=padded), 400, "bad_request")


async def announce(port: int, path: str, length: int) -> httpx.Response:
    """Sends a request's head alone."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name: value for name, _, value in (line.partition(": ") for line in head[1:]) if name}
    body = await reader.readexactly(int(headers["content-length"]))
    writer.close()
    await writer.wait_closed()
    request = httpx.Request("POST", "http://127.0.0.1/")
    return httpx.Response(int(head[0].split()[1]), headers=headers, content=body, request=request)
