"""Texts that no store can hold: NUL, which PostgreSQL has no room for, and halves of a character.

Every place of every route is driven with them, on both databases: the answer is a refusal of the client's, and
the same on both, though SQLite would take a NUL.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from shared.dialects.ack import claim_token
from shared.dialects.base import Evidence
from shared.tokens import jws
from tests.support.world.ledger import read_ledger
from tests.support.world.scenes.scene import GENERATE
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import NETWORK, Payer, Seller, Selling

BUY, PAY = "/api/images/buy", "/api/payments"
NUL = "a\0b"
PATHS = ["/api/payments/{}", "/api/redemptions/{}", "/api/burns/{}", "/api/images/{}", "/api/{}", "/{}"]
MEMBERS = {BUY: ["credits", "count", "holder"], PAY: ["payload"], GENERATE: ["name", "prompt", "receipt"]}
HEADERS = ["Authorization", "DPoP", "Idempotency-Key", "Accept", "Request-Id", "Range", "X-Anything"]
GETS = ["/api/credits", "/api/catalog", "/api/payments/none", "/api/redemptions/none", "/openapi.json"]


def in_paths() -> Iterator[httpx.Request]:
    for path in PATHS:
        for spelled in ("a%00b", "%00", "none?a=%00", "none?%00"):
            yield request("GET", path.format(spelled))
    for path in MEMBERS:
        yield request("POST", f"{path}%00")
        yield request("POST", f"{path}?receipt=%00")


def in_headers(receipt: str) -> Iterator[httpx.Request]:
    for name in HEADERS:
        for method, path in [("POST", GENERATE), ("POST", BUY), *(("GET", path) for path in GETS)]:
            yield request(method, path, headers={name: NUL.encode()})
            yield request(method, path, headers={name: b"DPoP " + receipt.encode() + b"\0"})


def in_bodies() -> Iterator[httpx.Request]:
    """As an escape, which is JSON, and bare, which is not; as a value, as a name, and deep inside."""
    for path, names in MEMBERS.items():
        for escaped in (
            '"a\\u0000b"',
            '"\\u0000"',
            '"a\0b"',
            '"\\ud800"',
            '"\\udc00\\ud800"',
            '"\\\\\\u0000"',
        ):
            for name in [*names, "anything"]:
                yield request("POST", path, content=f'{{"{name}":{escaped}}}'.encode())
                yield request("POST", path, content=f'{{"{name}":[{{"a":{escaped}}}]}}'.encode())
            yield request("POST", path, content=f'{{"credits":1,{escaped}:1}}'.encode())


async def in_tokens(payer: Payer, receipt: str) -> AsyncIterator[httpx.Request]:
    """Rightly signed: a proof with such a name, and claims with such a text in each member."""
    for method, path in [("POST", GENERATE), ("GET", "/api/credits"), ("GET", "/api/redemptions/none")]:
        headers = {"Authorization": f"DPoP {receipt}", "DPoP": payer.proof(method, path, receipt, jti=NUL)}
        yield request(method, path, headers=headers, json={} if method == "POST" else None)
    status = "/api/payments/none"
    yield request("GET", status, headers={"DPoP": payer.proof("GET", status, jti=NUL)})
    token = await payer.buy(1)
    good: dict[str, Any] = {"payment_request_token": token, "option_id": "cardano", "network": NETWORK}
    good["payload"] = {"txHash": "ab" * 32}
    spoilt: list[dict[str, Any]] = [
        {"payload": {"txHash": NUL}},
        {"payload": {"txHash": "ab" * 32, NUL: "a"}},
    ]
    spoilt += [{name: NUL} for name in good if name != "payload"]
    for changes in spoilt:
        evidence = Evidence(payer=payer.did, **good | changes)
        claim = claim_token(evidence, payer.key, now=payer.seller.now())
        yield request("POST", PAY, json={"payload": claim})


def request(method: str, path: str, **parts: Any) -> httpx.Request:
    return httpx.Request(method, f"http://127.0.0.1:8402{path}", **parts)


def test_a_text_that_no_store_can_hold_is_refused_wherever_it_stands(selling: Selling) -> None:
    async def story() -> None:
        async with selling() as seller:
            payer = await asyncio.to_thread(seller.payer)
            receipt = await payer.receipt(1)
            tokens = [one async for one in in_tokens(payer, receipt)]
            before = await read_ledger(seller.parts.database)
            for sent in [*in_paths(), *in_headers(receipt), *in_bodies(), *tokens]:
                await refused(seller, sent)
            assert await read_ledger(seller.parts.database) == before

    asyncio.run(story())


async def refused(seller: Seller, sent: httpx.Request) -> None:
    answer = await seller.http.send(sent)
    assert answer.status_code in {400, 401}, (answer.status_code, sent.url, sent.headers, sent.content[:80])
    code = answer.json()["code"]
    check_problem(answer, answer.status_code, code)
    assert code in {"bad_request", "not_json", "claim_invalid", "holder_proof_invalid"}, (code, sent.url)


@pytest.mark.parametrize("path", ["/api/payments/\ud800", "/api/payments/a\0", "/\udfff"])
def test_a_path_that_another_server_decoded_to_half_a_character_is_refused(
    selling: Selling, path: str
) -> None:
    """As WSGI bridges do; uvicorn writes U+FFFD instead."""

    async def story() -> None:
        async with selling() as seller:
            sent: list[Any] = []

            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": b""}

            async def send(message: Any) -> None:
                sent.append(message)

            scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
            await seller.parts.app(scope, receive, send)
            assert sent[0]["status"] == 400
            assert json.loads(sent[1]["body"])["code"] == "bad_request"

    asyncio.run(story())


def test_a_nul_in_a_token_is_told_apart_from_a_written_one(selling: Selling) -> None:
    """The letters \\u0000, with a backslash that is itself escaped, are seven characters like any."""

    async def story() -> None:
        async with selling() as seller:
            answer = await seller.http.post(BUY, content=b'{"credits":1,"note":"\\\\u0000"}')
            assert answer.status_code == 402
            assert jws.read(answer.text).payload["order"]["credits"] == 1

    asyncio.run(story())
