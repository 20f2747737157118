"""A buyer with an account at the fake of ACK Lab: each purchase opens the wallet as a process of its own would."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from buyer.budget import Budget
from buyer.client import BuyerClient
from buyer.purchase import allowance
from buyer.purchase import store as purchase_store
from buyer.purchase.receipts import HeldReceipt
from buyer.purchase.record import Purchase
from buyer.wallet.file import Wallet
from shared.money import Money
from tests.support.acklab.ack_lab import AckLab
from tests.support.acklab.acklab_scene import BASE, AckLabScene, open_acklab_scene
from tests.support.hostile.transport import Unreliable

Look = Callable[[httpx.Request], None]


def variables_of(lab: AckLab) -> dict[str, str]:
    return {
        "BUYER_ACKLAB_URL": lab.url,
        "BUYER_ACKLAB_CLIENT_ID": lab.buyer.client_id,
        "BUYER_ACKLAB_CLIENT_SECRET": lab.buyer.secret,
        "BUYER_ACKLAB_AGENT": lab.buyer.id,
    }


def nothing(_: object) -> None:
    return


class Telling(httpx.AsyncBaseTransport):
    """A seller whose instructions are spoiled on their way."""

    def __init__(self, inner: httpx.AsyncBaseTransport, spoil: Callable[[dict[str, Any]], object]) -> None:
        self._inner = inner
        self._spoil = spoil

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if not request.url.path.endswith("/instructions"):
            return answer
        told = self._spoil(json.loads(await answer.aread()))
        return httpx.Response(answer.status_code, stream=httpx.ByteStream(json.dumps(told).encode()))


@dataclass
class AckLabBuyer:
    """`environment` is what the process would have; `late` seconds its clock runs ahead."""

    scene: AckLabScene
    wallet_path: Path
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)
    late: int = 0

    def buy(
        self,
        credits: int = 3,
        *,
        before: Look = nothing,
        after: Look = nothing,
        spoil: Callable[[dict[str, Any]], object] | None = None,
        price: str = "5.00 USD",
    ) -> HeldReceipt:
        return self.scene.run(self._buy(credits, before, after, spoil, price))

    async def _buy(
        self,
        credits: int,
        before: Look,
        after: Look,
        spoil: Callable[[dict[str, Any]], object] | None,
        price: str,
    ) -> HeldReceipt:
        app: httpx.AsyncBaseTransport = httpx.ASGITransport(self.scene.parts.app)
        told = app if spoil is None else Telling(app, spoil)
        with closing(Wallet.open(self.wallet_path)) as wallet:
            async with self.client(
                wallet, Unreliable(told, before=before, after=after), Budget(price)
            ) as client:
                return await client.buy(credits)

    def client(
        self, wallet: Wallet, transport: httpx.AsyncBaseTransport, budget: Budget | None = None
    ) -> BuyerClient:
        return BuyerClient(
            BASE,
            wallet=wallet,
            budget=budget,
            wait=20,
            say=self.said.append,
            environment=self.environment,
            now=lambda: int(time.time()) + self.late,
            transport=transport,
        )

    def stuck(self, work: Callable[[BuyerClient, str], Any]) -> Any:
        """Do `work` on the one purchase that is not finished."""

        async def done() -> Any:
            with closing(Wallet.open(self.wallet_path)) as wallet:
                (purchase,) = [
                    one for one in wallet.transact(purchase_store.unfinished) if one.state != "paid"
                ]
                async with self.client(wallet, httpx.ASGITransport(self.scene.parts.app)) as client:
                    return await work(client, purchase.id)

        return self.scene.run(done())

    def purchases(self) -> list[Purchase]:
        with closing(Wallet.open(self.wallet_path)) as wallet:
            ids = wallet.transact(lambda db: db.execute("SELECT id FROM purchases ORDER BY rowid").fetchall())
            return [wallet.transact(lambda db, row=row: purchase_store.find(db, row[0])) for row in ids]  # type: ignore[misc]  # a default

    @property
    def states(self) -> list[str]:
        return [purchase.state for purchase in self.purchases()]

    @property
    def spent(self) -> int:
        """In cents, by the wallet's own count."""
        with closing(Wallet.open(self.wallet_path)) as wallet:
            return wallet.transact(lambda db: allowance.spent(db, like=Money(0, "USD", 2))).amount


@contextmanager
def open_acklab_buyer(folder: Path, **changes: Any) -> Iterator[AckLabBuyer]:
    """`changes` are those of the scene."""
    with open_acklab_scene(folder / "seller", **changes) as scene:
        with closing(Wallet.create(folder / "wallet.db")) as wallet:
            path = wallet.path
        yield AckLabBuyer(scene, path, variables_of(scene.lab))
