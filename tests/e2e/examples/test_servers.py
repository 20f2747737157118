"""The examples, run as they stand there: each sells to an agent that pays on a devnet."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from buyer import Budget, BuyerClient, Wallet
from buyer.seller.holder_auth import HolderAuth
from shared.keys import SigningKey
from tests.architecture.modules import ROOT
from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

EXAMPLES = ROOT / "examples"


def uvicorn(module: str) -> tuple[str, ...]:
    return ("uvicorn", "--app-dir", str(EXAMPLES), f"{module}:app", "--port", "{port}")


@pytest.fixture
def devnet() -> Iterator[DevnetProcess]:
    with DevnetProcess(block_seconds=0.5) as devnet:
        yield devnet


def used(seller: SellerProcess, buyer: Buyer, credits: int, body: dict[str, Any]) -> bytes:
    """What one use of the report delivers, by the buyer's library."""

    async def story() -> bytes:
        wallet = Wallet.open(buyer.folder / "wallet.db")
        async with BuyerClient(seller.url, wallet=wallet, budget=Budget(per_purchase="5.00 USD")) as client:
            receipt = await client.buy(credits)
            return (await client.redeem(receipt, body)).content

    return asyncio.run(story())


def test_a_priced_route_of_starlette(devnet: DevnetProcess, tmp_path: Path) -> None:
    with SellerProcess(devnet, tmp_path / "seller", module=uvicorn("starlette_app")) as seller:
        unpaid = httpx.post(f"{seller.url}/report", json={"town": "Bergen"})
        assert (unpaid.status_code, unpaid.json()["paymentRequest"]["price"]["amount"]) == (402, 50)
        buyer = Buyer(seller, tmp_path / "buyer", devnet)
        assert used(seller, buyer, 2, {"town": "Bergen"}) == b'{"town":"Bergen","weather":"rain"}'


def test_a_priced_router_of_fastapi(devnet: DevnetProcess, tmp_path: Path) -> None:
    with SellerProcess(devnet, tmp_path / "seller", module=uvicorn("fastapi_app")) as seller:
        unpaid = httpx.post(f"{seller.url}/report", json={"town": "Bergen", "pages": 3})
        assert (unpaid.status_code, unpaid.json()["paymentRequest"]["price"]["amount"]) == (402, 50)
        buyer = Buyer(seller, tmp_path / "buyer", devnet)
        told = used(seller, buyer, 10, {"town": "Bergen", "pages": 2})
        assert told == b'{"town":"Bergen","pages":["Page 1: rain.","Page 2: rain."]}'
        marked = b"\xef\xbb\xbf" + json.dumps({"town": "Bergen", "pages": 10}).encode()
        asked = httpx.post(
            f"{seller.url}/report", content=marked, headers={"Content-Type": "application/json"}
        )
        assert asked.json()["paymentRequest"]["order"]["credits"] == 10, "as FastAPI reads it, mark and all"


class Service(BaseHTTPRequestHandler):
    """Some service in some language."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        body = f"you asked for {self.path}".encode()
        self.send_response(404 if "nowhere" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def service() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        server.asked = []  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def status(seller: SellerProcess, path: str) -> int:
    """Of a path to the letter: no client's library tidies it up."""
    connection = HTTPConnection("127.0.0.1", seller.port)
    connection.putrequest("GET", path)
    connection.endheaders()
    found = connection.getresponse().status
    connection.close()
    return found


#: what an upstream could read as another path
ODD = (
    "/v1/towns/../reports/a",
    "/v1/towns/%2e%2e/reports/a",
    "/v1/reports/a%2Fb",
    "//v1/towns",
    "/v1/towns;a",
    "/v1\\towns",
)


def test_a_proxy_before_a_service(
    devnet: DevnetProcess, tmp_path: Path, service: ThreadingHTTPServer
) -> None:
    upstream = f"http://127.0.0.1:{service.server_port}"
    command = ("paywall", "proxy", "--upstream", upstream, "--config", str(EXAMPLES / "prices.toml"))
    with (
        SellerProcess(devnet, tmp_path / "seller", module=command) as seller,
        httpx.Client(base_url=seller.url) as http,
    ):
        assert (
            http.get("/v1/towns", headers={"Authorization": "Bearer own"}).text == "you asked for /v1/towns"
        )
        assert http.get("/v1/reports/bergen").status_code == 402
        assert [http.get(path).status_code for path in ("/", "/v1", "/v1/town", "/v1/reports")] == [404] * 4
        assert http.post("/v1/reports/bergen").status_code == 404
        assert [status(seller, path) for path in ODD] == [400] * len(ODD)
        buyer = Buyer(seller, tmp_path / "buyer", devnet)
        token, key = asyncio.run(bought(seller, buyer))
        auth = HolderAuth(key, now=lambda: int(time.time()), new_jti=lambda: str(uuid.uuid4()), token=token)
        answers = [
            http.get(f"/v1/reports/{town}?x=%20", auth=auth) for town in ("bergen", "nowhere", "oslo", "voss")
        ]
    assert [answer.status_code for answer in answers] == [200, 404, 200, 402]  # two credits
    assert answers[0].text == "you asked for /v1/reports/bergen?x=%20"
    asked = dict(service.asked)  # type: ignore[attr-defined]
    assert list(asked) == [
        "/v1/towns",
        *(f"/v1/reports/{town}?x=%20" for town in ("bergen", "nowhere", "oslo")),
    ]
    assert asked["/v1/towns"]["authorization"] == "Bearer own"
    told = {name.lower(): value for name, value in asked["/v1/reports/bergen?x=%20"].items()}
    assert told["redemption-id"] == answers[0].headers["redemption-id"]
    assert not {"authorization", "dpop"} & told.keys()


async def bought(seller: SellerProcess, buyer: Buyer) -> tuple[str, SigningKey]:
    """A receipt of two credits, and its holder's key."""
    wallet = Wallet.open(buyer.folder / "wallet.db")
    async with BuyerClient(seller.url, wallet=wallet, budget=Budget(per_purchase="5.00 USD")) as client:
        return (await client.buy(2)).token, wallet.key
