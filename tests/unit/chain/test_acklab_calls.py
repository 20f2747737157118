"""What an answer of ACK Lab, or none, says of a call: done, refused, never sent, or nobody knows."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.acklab import AckLabClient, AckLabRefused
from shared.chain.acklab_calls import AckLabCalls
from shared.chain.transport import NoAnswer, NotSent
from tests.support.world.loop import in_loop

REFUSED = {"ok": False, "error": "no", "issues": [{"kind": "policy"}]}
PAID = {"ok": True, "data": {"receipt": "a.b.c"}}


class Answering(httpx.AsyncBaseTransport):
    def __init__(self, answer: Callable[[], httpx.Response]) -> None:
        self._answer = answer
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        told = self._answer()
        return httpx.Response(told.status_code, headers=told.headers, stream=httpx.ByteStream(told.content))


def says(status: int, said: object, headers: dict[str, str] | None = None) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(status, content=json.dumps(said).encode(), headers=headers)


def fails(error: Exception) -> Callable[[], httpx.Response]:
    def raising() -> httpx.Response:
        raise error

    return raising


async def pay(answer: Callable[[], httpx.Response]) -> tuple[Any, list[httpx.Request]]:
    """The receipt, or the error; and what was asked."""
    transport = Answering(answer)
    client = AckLabClient.from_secret("client-1", "0a" * 32)
    calls = AckLabCalls("https://api.example/", client, "agent-1", 5, transport)
    try:
        return await calls.execute_payment("x.y.z"), transport.asked
    except Exception as error:  # noqa: BLE001  which one is what is tested
        return error, transport.asked
    finally:
        await calls.aclose()


@in_loop
async def test_a_payment_that_is_answered_has_a_receipt_and_is_sent_once_as_it_was_signed() -> None:
    told, (request,) = await pay(says(200, PAID))
    assert told == "a.b.c"
    assert str(request.url) == "https://api.example/v1/agents/agent-1/payments"
    assert request.content == b'{"paymentRequestToken":"x.y.z"}'
    client = AckLabClient.from_secret("client-1", "0a" * 32)
    expected = client.authorization("POST", "/v1/agents/agent-1/payments", request.content)
    assert request.headers["authorization"] == expected


@pytest.mark.parametrize("status", [200, 400, 401, 402, 403, 409, 422, 429])
@in_loop
async def test_a_refusal_means_that_nothing_happened(status: int) -> None:
    told, asked = await pay(says(status, REFUSED))
    assert isinstance(told, AckLabRefused)
    assert (told.kinds, len(asked)) == (("policy",), 1)


UNKNOWN: dict[str, Callable[[], httpx.Response]] = {
    "it failed and says no": says(500, REFUSED),
    "it failed and says yes": says(503, PAID),
    "it took too long": says(408, REFUSED),
    "a gateway answers": lambda: httpx.Response(403, content=b"<html>forbidden</html>"),
    "it redirects": says(307, PAID | {"ok": None}, {"location": "https://evil.example"}),
    "it sends no receipt": says(200, {"ok": True, "data": {}}),
    "it sends a number": says(200, {"ok": True, "data": {"receipt": 7}}),
    "it says neither": says(200, {"data": {"receipt": "a.b.c"}}),
    "it hangs": fails(httpx.ReadTimeout("")),
    "it hangs up": fails(httpx.RemoteProtocolError("")),
    "it cannot be written to": fails(httpx.WriteError("")),
}


@pytest.mark.parametrize("name", UNKNOWN)
@in_loop
async def test_after_any_other_answer_nobody_knows_and_it_is_not_sent_again(name: str) -> None:
    told, asked = await pay(UNKNOWN[name])
    assert isinstance(told, NoAnswer), told
    assert len(asked) == 1


@pytest.mark.parametrize("error", [httpx.ConnectError(""), httpx.ConnectTimeout(""), httpx.PoolTimeout("")])
@in_loop
async def test_without_a_connection_nothing_was_sent(error: Exception) -> None:
    told, _ = await pay(fails(error))
    assert isinstance(told, NotSent)
