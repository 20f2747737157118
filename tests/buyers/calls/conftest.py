"""A filled wallet, and a program that pays from it."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from buyer import Budget, PaymentAuth, Wallet
from buyer.paying import calling
from tests.support.processes.devnet import DevnetProcess

WAIT = 3.0


class HasUrl(Protocol):
    @property
    def url(self) -> str: ...


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "FIRST_POLL", 0.02)


@pytest.fixture
def wallet(devnet: DevnetProcess, tmp_path: Path) -> Iterator[Wallet]:
    with closing(Wallet.create(tmp_path / "wallet.db")) as wallet:
        for _ in range(3):  # what was signed for is used up, whether it lands or not
            devnet.faucet(wallet.address, 20_000_000)
            devnet.blocks()
        yield wallet


class PayingAgent:
    """A program with an httpx client."""

    def __init__(self, devnet: DevnetProcess, wallet: Wallet) -> None:
        self.wallet = wallet
        self.environment = {"BUYER_CHAIN": devnet.url}

    def auth(self, price: str = "2.00 USD") -> PaymentAuth:
        return PaymentAuth(self.wallet, Budget(price), wait=WAIT, environment=self.environment)

    def get(self, seller: HasUrl, price: str = "2.00 USD", **settings: Any) -> httpx.Response:
        return self.ask("GET", f"{seller.url}/thing?key=secret", price, **settings)

    def ask(self, method: str, url: str, price: str = "2.00 USD", **settings: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(auth=self.auth(price), **settings) as http:
                return await http.request(method, url)

        return asyncio.run(asked())

    def states(self) -> list[str]:
        with closing(sqlite3.connect(self.wallet.path)) as db:
            return [state for (state,) in db.execute("SELECT state FROM purchases ORDER BY rowid")]


@pytest.fixture
def agent(devnet: DevnetProcess, wallet: Wallet) -> PayingAgent:
    return PayingAgent(devnet, wallet)
