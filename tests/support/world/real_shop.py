"""A real `paywall serve` and filled wallets: what the buyer's tests of failures start from, beside the fake."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx

from buyer.budget import Budget
from buyer.client import BuyerClient
from buyer.purchase import receipts
from buyer.wallet.file import Wallet
from shared.cardano.addresses import enterprise_address
from shared.keys import SigningKey
from tests.support.hostile.shop import nobody
from tests.support.hostile.transport import Unreliable
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

BLOCK_SECONDS = 0.1


class AnyShop(Protocol):
    """A seller, fake or real, and one wallet. `said` is what the buyers said."""

    wallet_path: Path
    said: list[str]

    def now(self) -> int: ...

    def client(
        self,
        wallet: Wallet,
        *,
        budget: Budget | None = None,
        wait: float = 30,
        before: Callable[[httpx.Request], None] = nobody,
        after: Callable[[httpx.Request], None] = nobody,
    ) -> BuyerClient: ...

    def paid_on_chain(self) -> int:
        """Lovelace that this wallet has paid, by the chain."""

    def payments(self) -> int:
        """How many payments the seller got from this wallet."""

    async def uses(self) -> int:
        """How many credits of this wallet's receipts are used, as the seller counts them."""


@dataclass
class RealSeller:
    """`paywall serve` over a devnet that makes blocks by itself; payments go to `till` and nothing else does."""

    devnet: DevnetProcess
    process: SellerProcess
    till: str


@contextmanager
def real_seller(folder: Path) -> Iterator[RealSeller]:
    till = enterprise_address(SigningKey.generate().public, "cardano:devnet")
    with (
        DevnetProcess(block_seconds=BLOCK_SECONDS) as devnet,
        SellerProcess(devnet, folder, PAYWALL_CARDANO_ADDRESS=till) as process,
    ):
        yield RealSeller(devnet, process, till)
        reconciled = process.command("reconcile")
        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr


class Hurried(httpx.AsyncBaseTransport):
    """Takes the seller's `Retry-After` away: blocks come ten times a second here."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            response.headers.pop("retry-after", None)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass
class RealShop:
    """See `AnyShop`."""

    seller: RealSeller
    wallet_path: Path
    address: str
    said: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls, seller: RealSeller, folder: Path, *, lovelace: tuple[int, ...] = (100_000_000,)
    ) -> "RealShop":
        """A new wallet with one output for each of `lovelace`."""
        with closing(Wallet.create(folder / "wallet.db")) as wallet:
            for amount in lovelace:
                seller.devnet.faucet(wallet.address, amount)
            seller.devnet.blocks()
            return cls(seller, wallet.path, wallet.address)

    def now(self) -> int:
        return int(time.time())

    def client(
        self,
        wallet: Wallet,
        *,
        budget: Budget | None = None,
        wait: float = 30,
        before: Callable[[httpx.Request], None] = nobody,
        after: Callable[[httpx.Request], None] = nobody,
    ) -> BuyerClient:
        return BuyerClient(
            self.seller.process.url,
            wallet=wallet,
            budget=budget or Budget(per_purchase="5.00 USD"),
            wait=wait,
            say=self.said.append,
            trace=self.said.append,
            environment={},
            now=self.now,
            transport=Unreliable(Hurried(), before=before, after=after),
        )

    def paid_on_chain(self) -> int:
        return sum(self._paid())

    def payments(self) -> int:
        return len(self._paid())

    async def uses(self) -> int:
        with closing(Wallet.open(self.wallet_path)) as wallet:
            async with self.client(wallet) as client:
                held = wallet.transact(receipts.every)
                return sum([(await client.credits(receipt)).captured for receipt in held])

    def _paid(self) -> list[int]:
        """What each of the wallet's transactions paid into the till."""
        entries = self.seller.devnet.get(f"/addresses/{self.address}/transactions")
        paid = []
        for entry in entries:
            outputs = self.seller.devnet.get(f"/txs/{entry['tx_hash']}/utxos")["outputs"]
            amounts = [output["amount"] for output in outputs if output["address"] == self.seller.till]
            paid += [int(coin["quantity"]) for coins in amounts for coin in coins]
        return paid
