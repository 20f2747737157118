"""A seller for USDC alone, in this process, over a real EVM and PyPI `x402`'s facilitator, and who pays him."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from sqlalchemy import text
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner

from paywall.compose import compose, open_ring
from paywall.products.images.room import open_images
from paywall.rails.usdc.settings import UsdcSettings
from paywall.seller import Seller
from paywall.settings import Settings
from tests.support.evm.evm_node import NETWORK, EvmNode
from tests.support.evm.x402_facilitator import X402Facilitator
from tests.support.world.image_maker import PlainMaker

T = TypeVar("T")
BASE = "http://127.0.0.1:8402"
PAYEE = Account.from_key(keccak(b"payee")).address
FUNDS = 100_000_000
#: what one credit costs
PRICE = 1_000_000
SECONDS = 2


def settings_of(node: EvmNode, facilitator: X402Facilitator) -> dict[str, Any]:
    """The rail's, over these two."""
    return {
        "usdc_network": NETWORK,
        "usdc_address": PAYEE,
        "usdc_facilitator_url": facilitator.url,
        "usdc_rpc_url": node.url,
        "usdc_seconds": SECONDS,
    }


def environment_of(node: EvmNode, facilitator: X402Facilitator) -> dict[str, Any]:
    """The variables of a seller process that sells for ADA and USDC."""
    own = {f"PAYWALL_{name.upper()}": str(value) for name, value in settings_of(node, facilitator).items()}
    return {**own, "PAYWALL_RAILS": "cardano,usdc"}


@dataclass(frozen=True)
class UsdcScene:
    """`payer` holds `FUNDS`."""

    node: EvmNode
    facilitator: X402Facilitator
    parts: Seller
    runner: asyncio.Runner
    payer: LocalAccount

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(what)

    @property
    def app(self) -> httpx.ASGITransport:
        return httpx.ASGITransport(self.parts.app, raise_app_exceptions=False)

    def http(self, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=transport or self.app, base_url=BASE, timeout=60)

    def x402_http(self) -> httpx.AsyncClient:
        """One that pays what it is asked for, as PyPI `x402` does it."""
        client = register_exact_evm_client(x402Client(), EthAccountSigner(self.payer))
        return self.http(x402AsyncTransport(client, self.app))

    @property
    def paid(self) -> int:
        """What has arrived, by the token."""
        return self.node.balance(PAYEE)

    def states(self) -> list[str]:
        """How the payments stand, the oldest first."""

        def read(tx: Any) -> list[str]:
            rows = tx.session.connection().execute(text("SELECT state FROM payment ORDER BY created_at"))
            return [str(row.state) for row in rows]

        return self.run(self.parts.database.read(read))


@contextmanager
def open_usdc_scene(folder: Path, **changes: Any) -> Iterator[UsdcScene]:
    """`changes` are the rail's settings."""
    with EvmNode() as node, X402Facilitator(node) as facilitator, asyncio.Runner() as runner:
        payer = Account.from_key(keccak(b"payer"))
        node.mint(payer.address, FUNDS)
        settings = Settings(
            data_dir=str(folder),
            rails="usdc",
            policy="none",
            room_settings=(UsdcSettings(**{**settings_of(node, facilitator), **changes}),),
        )
        parts = compose(settings, open_ring(settings), resources=[open_images(settings, maker=PlainMaker())])
        runner.run(parts.start())
        try:
            yield UsdcScene(node, facilitator, parts, runner, payer)
        finally:
            facilitator.let_go.set()
            runner.run(parts.close())
