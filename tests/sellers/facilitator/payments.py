"""What a payer shows to a facilitator, right and wrong, with the wallet that writes its transactions by hand."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import cbor2

from paywall.clock import unix_now
from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.facilitator.judge import Judge
from paywall.facilitator.settlements_file import SettlementsFile
from shared.cardano.addresses import enterprise_address
from shared.cardano.read.transaction import parse
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from shared.x402_cardano.shown_payment import payload_of
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.devnet_wallet import NETWORK_ID, TTL, Coin, Wallet

NETWORK = "cardano:devnet"
AMOUNT = 2_000_000
#: no two tests of a run pay with one key
SEEDS = count(100)


def requirements(pay_to: str, **changes: Any) -> dict[str, Any]:
    """x402's, for ADA."""
    asked = {
        "scheme": "exact",
        "network": NETWORK,
        "amount": str(AMOUNT),
        "asset": "lovelace",
        "payTo": pay_to,
        "maxTimeoutSeconds": 600,
        "extra": {"assetTransferMethod": "default", "confirmationPolicy": {"l1Confirmations": 0}},
    }
    return {**asked, **changes}


def payment(raw: bytes, asked: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """x402's payload of a transaction; its first input is the nonce."""
    shown = {"x402Version": 2, "accepted": dict(asked), "payload": payload_of(raw, parse(raw).inputs[0])}
    return {**shown, **changes}


def address() -> str:
    """Of a key that nobody has."""
    return enterprise_address(SigningKey.generate().public, NETWORK)


@dataclass
class Paying:
    """A wallet with one coin, somebody to pay, and a facilitator that looks once and does not wait."""

    devnet: DevnetProcess
    chain: Blockfrost
    claims: SettlementsFile
    facilitator: CardanoFacilitator
    wallet: Wallet
    coin: Coin
    seller: str = field(default_factory=address)

    @property
    def asked(self) -> dict[str, Any]:
        return requirements(self.seller)

    def slot(self) -> int:
        return int(self.devnet.control("status", method="GET")["slot_now"])

    def body(self, **changes: Any) -> dict[int, Any]:
        body = self.wallet.body(self.coin, pay=[(self.seller, changes.pop("lovelace", AMOUNT))], **changes)
        return {**body, TTL: self.slot() + 300, NETWORK_ID: 0}

    def body_of(self, raw: bytes) -> dict[int, Any]:
        """As the wallet wrote it."""
        body: dict[int, Any] = cbor2.loads(raw)[0]
        return body

    def spent(self) -> str:
        """A transaction whose first output somebody spent."""
        coin = self.wallet.fund(self.devnet)
        self.devnet.submit(self.wallet.sign(self.wallet.body(coin)))
        self.devnet.blocks()
        return coin.tx_hash

    def raw(self) -> bytes:
        return self.wallet.sign(self.body())

    def again(self, *, patience: float = 0, later: int = 0) -> CardanoFacilitator:
        """Another facilitator on the same chain and the same file; its clock is so many seconds ahead."""
        return CardanoFacilitator(
            NETWORK, self.chain, self.claims, lambda: unix_now() + later, patience=patience, pause=0.05
        )

    async def waits(self) -> None:
        """Until the devnet's mempool holds something."""
        while not self.devnet.mempool():  # noqa: ASYNC110  another process tells of no event
            await asyncio.sleep(0.02)


def told(
    devnet: DevnetProcess,
    story: Callable[[Paying], Awaitable[None]],
    *,
    judge: Judge | None = None,
    lovelace: int = 100_000_000,
) -> None:
    """Run a test's story with a wallet and a facilitator of its own."""
    wallet = Wallet(seed=next(SEEDS))
    coin = wallet.fund(devnet, lovelace)

    async def run() -> None:
        chain, claims = Blockfrost(devnet.url), SettlementsFile(None)
        facilitator = CardanoFacilitator(NETWORK, chain, claims, judge=judge, patience=0, pause=0.05)
        try:
            await story(Paying(devnet, chain, claims, facilitator, wallet, coin))
        finally:
            await facilitator.aclose()
            await chain.aclose()
            claims.close()

    asyncio.run(run())
