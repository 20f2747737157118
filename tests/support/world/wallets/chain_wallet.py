"""A wallet for tests that asks the chain for everything."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.cardano.addresses import enterprise_address, key_hash
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.draft import Built, Draft
from shared.cardano.make import build
from shared.cardano.metadata import BatchCommitment
from shared.cardano.policy import NativeScript
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess

NETWORK = "cardano:devnet"
HASH = bytes(range(32))


class Wallet:
    """A key of its own, funded by the faucet; each method gives signed bytes that were not submitted."""

    def __init__(self, devnet: DevnetProcess, chain: Blockfrost) -> None:
        self.devnet = devnet
        self.chain = chain
        self.key = SigningKey.generate()
        self.address = enterprise_address(self.key.public, NETWORK)
        self.asset = Asset(NativeScript(key_hash(self.key.public)).policy_id, b"CREATE")

    def fund(self, lovelace: int = 50_000_000) -> None:
        self.devnet.faucet(self.address, lovelace)
        self.devnet.blocks()

    async def payment(
        self,
        recipient: str,
        lovelace: int = 3_000_000,
        *,
        parameters: Parameters | None = None,
        utxos: Sequence[Utxo] | None = None,
    ) -> Built:
        facts = await self._facts(parameters, utxos)
        return self._signed(build.payment(recipient=recipient, lovelace=lovelace, token_hash=HASH, **facts))

    async def mint(self, quantity: int) -> Built:
        facts = await self._facts(None, None)
        return self._signed(build.mint(asset=self.asset, quantity=quantity, **facts))

    async def burn(self, count: int, utxos: Sequence[Utxo] | None = None) -> Built:
        facts = await self._facts(None, utxos)
        return self._signed(build.burn(asset=self.asset, batch=BatchCommitment(HASH, count, count), **facts))

    async def _facts(self, parameters: Parameters | None, utxos: Sequence[Utxo] | None) -> dict[str, Any]:
        return {
            "utxos": await self.chain.utxos(self.address) if utxos is None else utxos,
            "change_address": self.address,
            "parameters": parameters or await self.chain.parameters(),
            "expiry_slot": (await self.chain.tip()).slot + 1000,
            "key": self.key.public,
            "network": NETWORK,
        }

    def _signed(self, draft: Draft) -> Built:
        return draft.sign(self.key.public, self.key.sign(bytes.fromhex(draft.id)))


def run(devnet: DevnetProcess, story: Callable[[Wallet], Awaitable[None]]) -> None:
    """Run a test's story with a fresh wallet and a client of its own."""

    async def told() -> None:
        chain = Blockfrost(devnet.url)
        try:
            await story(Wallet(devnet, chain))
        finally:
            await chain.aclose()

    asyncio.run(told())
