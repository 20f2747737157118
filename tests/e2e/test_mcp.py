"""`buyer mcp` as a model's client drives it: PyPI `mcp`'s own, over stdio and over HTTP."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client, StdioServerParameters

from tests.e2e.buying import Buyer
from tests.e2e.examples.test_servers import uvicorn
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess, free_port

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def devnet() -> Iterator[DevnetProcess]:
    with DevnetProcess(block_seconds=0.5) as devnet:
        yield devnet


def stdio(buyer: Buyer, *arguments: str) -> StdioServerParameters:
    command = [sys.executable, "-m", "buyer", "mcp", *arguments]
    return StdioServerParameters(
        command=command[0], args=command[1:], env=buyer.environment, cwd=str(buyer.folder)
    )


async def used(client: Client, tool: str, **arguments: Any) -> Any:
    """The structured content of a tool's answer."""
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    return answer.structured_content


def test_a_model_sees_quotes_buys_uses_and_verifies(devnet: DevnetProcess, tmp_path: Path) -> None:
    with SellerProcess(devnet, tmp_path / "seller") as seller:
        buyer = Buyer(seller, tmp_path / "buyer", devnet)

        async def story() -> None:
            async with Client(stdio(buyer, "--max-price", "2.00")) as client:
                assert {tool.name for tool in (await client.list_tools()).tools} == {
                    *("catalog", "quote", "buy", "generate", "pay_url"),
                    *("list_receipts", "history", "verify_burn"),
                }
                (sold,) = (await used(client, "catalog"))["sold"]
                assert sold == {
                    "product": "image-credit",
                    "one_credit": "1.00 USD",
                    "uses": {"/api/images/generate": 1},
                }
                assert (await used(client, "quote", credits=2))["price"] == "2.00 USD"
                bought = await used(client, "buy", credits=2)
                assert (bought["credits"], bought["paid"]) == (2, "2.00 USD")
                picture = await used(client, "generate", name="Abraham Lincoln")
                assert (buyer.folder / picture["file"]).read_bytes().startswith(PNG)
                assert picture["credits_left"] == 1
                (receipt,) = (await used(client, "list_receipts"))["result"]
                assert receipt["receipt_id"] == bought["receipt_id"]
                proof = await used(client, "verify_burn", redemption_id=picture["redemption_id"])
                assert proof["outcome"] in {"holds", "pending", "partly"}
                limits = (await client.read_resource("budget://limits")).contents[0]
                assert json.loads(limits.text)["per_purchase"] == "2.00 USD"  # type: ignore[union-attr]

        anyio.run(story)


def test_over_the_budget_is_the_owners_to_decide_and_pays_nothing(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    with SellerProcess(devnet, tmp_path / "seller") as seller:
        buyer = Buyer(seller, tmp_path / "buyer", devnet)

        async def story() -> str:
            async with Client(stdio(buyer, "--max-price", "0.50")) as client:
                answer = await client.call_tool("buy", {"credits": 3})
                assert answer.is_error
                return str(answer.content[0].text)  # type: ignore[union-attr]

        told = anyio.run(story)
        assert "over_budget" in told
        assert "ask him" in told
        assert buyer.spent == 0


def test_any_paid_url_is_called_and_its_answer_is_marked_as_a_strangers(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    with SellerProcess(devnet, tmp_path / "seller", module=uvicorn("starlette_app")) as seller:
        buyer = Buyer(seller, tmp_path / "buyer", devnet)

        async def story() -> None:
            async with Client(stdio(buyer)) as client:
                called = await used(
                    client, "pay_url", url=f"{seller.url}/report", method="POST", body={"town": "Bergen"}
                )
                assert (called["status"], called["truncated"]) == (200, False)
                assert json.loads(called["untrusted"]["text"]) == {"town": "Bergen", "weather": "rain"}
                (past,) = (await used(client, "history"))["result"]
                assert (past["state"], past["counted"]) == ("paid", True)

        anyio.run(story)


def test_over_http_each_request_shows_the_token(devnet: DevnetProcess, tmp_path: Path) -> None:
    with SellerProcess(devnet, tmp_path / "seller") as seller:
        buyer = Buyer(seller, tmp_path / "buyer", devnet)
        port = free_port()
        url = f"http://127.0.0.1:{port}/mcp"
        with subprocess.Popen(
            [sys.executable, "-m", "buyer", "mcp", "--http", str(port)],
            env=buyer.environment | {"BUYER_MCP_TOKEN": "secret"},
            cwd=buyer.folder,
        ) as process:
            try:
                with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as http:
                    refused = http.post(url, json={})
                    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
                    hello = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
                    accepted = {"Accept": "application/json, text/event-stream"}
                    shown = http.post(url, json=hello, headers=accepted | {"Authorization": "Bearer secret"})
                    assert shown.status_code != 401
            finally:
                process.terminate()
