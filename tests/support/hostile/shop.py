"""A fake seller, a devnet and a filled wallet together: what the buyer's integration tests start from."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from buyer.budget import Budget
from buyer.client import BuyerClient
from buyer.payers.cardano import DEVNET_DEPTH
from buyer.wallet.file import Wallet
from tests.support.hostile.seller import FakeSeller
from tests.support.hostile.transport import Unreliable
from tests.support.processes.devnet import DevnetProcess

ORIGIN = "http://localhost:8402"


def nobody(request: httpx.Request) -> None:
    """Lets every request pass."""


@dataclass
class Shop:
    """`clock` is the time (Unix seconds) that buyer and seller go by; `said` what the buyers said."""

    devnet: DevnetProcess
    seller: FakeSeller
    wallet_path: Path
    clock: int = field(default_factory=lambda: int(time.time()))
    said: list[str] = field(default_factory=list)
    #: the variables of the buyers
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(
        cls, devnet: DevnetProcess, folder: Path, *, lovelace: tuple[int, ...] = (100_000_000,)
    ) -> "Shop":
        """A new seller, and a new wallet with one output for each of `lovelace`."""
        shop = cls(devnet, FakeSeller(devnet, origin=ORIGIN), folder / "wallet.db")
        shop.seller.clock = lambda: shop.clock
        wallet = Wallet.create(shop.wallet_path)
        for amount in lovelace:
            devnet.faucet(wallet.address, amount)
        devnet.blocks()
        wallet.close()
        return shop

    def now(self) -> int:
        return self.clock

    def payments(self) -> int:
        """How many payments were ever handed in."""
        return len(self.seller.transactions)

    async def uses(self) -> int:
        """How many credits are used."""
        return len(self.seller.uses)

    def pass_time(self, seconds: int) -> None:
        """Let that much time pass for everybody: the chain's slots too, and as many blocks as a fork may have."""
        self.clock += seconds
        self.devnet.blocks(DEVNET_DEPTH, skip_slots=seconds)

    def client(
        self,
        wallet: Wallet,
        *,
        budget: Budget | None = None,
        wait: float = 30,
        before: Callable[[httpx.Request], None] = nobody,
        after: Callable[[httpx.Request], None] = nobody,
    ) -> BuyerClient:
        """A new client, as a new process would make it; `before` and `after` see every request."""
        return BuyerClient(
            ORIGIN,
            wallet=wallet,
            budget=budget or Budget(per_purchase="5.00 USD"),
            wait=wait,
            say=self.said.append,
            trace=self.said.append,
            environment=self.environment,
            now=lambda: self.clock,
            transport=Unreliable(httpx.ASGITransport(self.seller.app), before=before, after=after),
        )

    def paid_on_chain(self) -> int:
        """How many payments the seller has ever got, in lovelace."""
        return sum(
            int(amount["quantity"])
            for entry in self.devnet.get(f"/addresses/{self.seller.address}/utxos")
            for amount in entry["amount"]
            if amount["unit"] == "lovelace"
        )
