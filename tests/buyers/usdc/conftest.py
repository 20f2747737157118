"""A wallet whose owner has an account on a real EVM, and a seller for USDC there."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from buyer import Budget, PaymentAuth, Wallet
from buyer.paying import calling
from paywall.web.payments.by_header import PaymentsByHeader
from tests.support.evm.evm_node import NETWORK
from tests.support.evm.usdc_scene import BASE, UsdcScene, open_usdc_scene

WAIT = 3.0


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "FIRST_POLL", 0.02)
    monkeypatch.setattr(PaymentsByHeader, "patience", 0.0)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UsdcScene]:
    with open_usdc_scene(tmp_path_factory.mktemp("seller")) as opened:
        yield opened


class UsdcAgent:
    """A program with an httpx client, which pays from the scene's own purse."""

    def __init__(self, scene: UsdcScene, wallet: Wallet) -> None:
        self.scene, self.wallet = scene, wallet
        self.environment: Mapping[str, str] = {
            "BUYER_USDC_KEY": scene.payer.key.hex(),
            "BUYER_USDC_NETWORK": NETWORK,
            "BUYER_USDC_RPC_URL": scene.node.url,
        }

    def auth(self, price: str = "2.00 USD", **settings: Any) -> PaymentAuth:
        given = {"wait": WAIT, "environment": self.environment, **settings}
        return PaymentAuth(self.wallet, Budget(price), **given)

    async def ask(
        self,
        url: str,
        price: str = "2.00 USD",
        transport: httpx.AsyncBaseTransport | None = None,
        **body: Any,
    ) -> httpx.Response:
        """Of the scene's seller, unless `url` says of which other or `transport` reaches him."""
        reach = transport if transport is not None or url.startswith("http") else self.scene.app
        auth = self.auth(price, **body.pop("auth", {}))
        async with httpx.AsyncClient(auth=auth, transport=reach, base_url=BASE, timeout=60) as http:
            return await http.post(url, **body)

    def states(self) -> list[str]:
        rows = self.wallet.transact(
            lambda db: db.execute("SELECT state FROM purchases ORDER BY rowid").fetchall()
        )
        return [state for (state,) in rows]


@pytest.fixture
def agent(scene: UsdcScene, tmp_path: Path) -> Iterator[UsdcAgent]:
    scene.facilitator.settle_fault = scene.facilitator.verify_fault = ""
    scene.facilitator.let_go.clear()
    with closing(Wallet.create(tmp_path / "wallet.db")) as wallet:
        yield UsdcAgent(scene, wallet)
