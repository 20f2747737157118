"""A facilitator that redirects, floods or talks nonsense is not believed, and is not followed."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from paywall.rails.usdc.cdp_key import CdpKey
from paywall.rails.usdc.facilitator import Facilitator, FacilitatorVerdict
from shared.chain.json_calls import Unanswered
from tests.unit.usdc.test_cdp_key import PAIR

TX = "0x" + "2" * 64
NONSENSE: tuple[Any, ...] = ([], {}, None, b"", b"{", b"\xff")
Answer = Callable[[httpx.Request], httpx.Response]


def said(body: Any, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _request: httpx.Response(status, headers=headers, stream=httpx.ByteStream(raw))


def ask(answer: Answer, path: str, key: CdpKey | None = None) -> FacilitatorVerdict | str:
    async def asked() -> FacilitatorVerdict | str:
        facilitator = Facilitator("https://f.example/x402/", key, 5, httpx.MockTransport(answer))
        try:
            return await (facilitator.verify({"a": 1}) if path == "verify" else facilitator.settle({"a": 1}))
        finally:
            await facilitator.aclose()

    return asyncio.run(asked())


@pytest.mark.parametrize(
    "answer",
    [
        said({"isValid": True}, 500),
        said({"isValid": False}, 502),
        said({"isValid": True}, 302, location="https://evil.example/verify"),
        said({"isValid": "true"}),
        said({"isValid": True, "a": [1] * 3_000_000}),
        said(b'{"isValid":true,"isValid":false}'),
        *(said(body) for body in NONSENSE),
    ],
)
def test_what_is_no_verdict_is_none(answer: Answer) -> None:
    with pytest.raises(Unanswered):
        ask(answer, "verify")


@pytest.mark.parametrize("status", [200, 400, 402, 412])
def test_a_refusal_is_one_by_whatever_status_it_comes(status: int) -> None:
    told = ask(said({"isValid": False, "invalidReason": "no\x1b[31m money\n"}, status), "verify")
    assert told == FacilitatorVerdict(valid=False, reason="no [31m money ")


@pytest.mark.parametrize(
    ("body", "transaction"),
    [
        ({"success": True, "transaction": TX}, TX),
        ({"success": False, "transaction": TX, "errorReason": "settlement_pending"}, TX),
        ({"success": True, "transaction": "0x2"}, ""),
        ({"success": True, "transaction": TX + "/../x"}, ""),
        ({"success": True}, ""),
        ({"success": True, "transaction": 7}, ""),
    ],
)
def test_what_comes_of_settling_is_a_hint_alone(body: Any, transaction: str) -> None:
    assert ask(said(body), "settle") == transaction


def test_each_request_goes_to_its_own_path_and_is_signed_for_it() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return said({"isValid": True})(request)

    ask(answer, "verify", CdpKey("k", PAIR, lambda: 0))
    ask(answer, "settle")
    assert [str(request.url) for request in asked] == [
        "https://f.example/x402/verify",
        "https://f.example/x402/settle",
    ]
    assert asked[0].headers["authorization"].startswith("Bearer ")
    assert "authorization" not in asked[1].headers
