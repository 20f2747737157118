"""A custodian with a fixed supply on a devnet, who can also try what the policy forbids."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import cbor2

from shared.cardano.addresses import key_hash
from shared.cardano.assets import Asset
from shared.cardano.coins import Utxo, selections
from shared.cardano.draft import Built, Draft
from shared.cardano.fixed_supply import FixedSupply
from shared.cardano.make import build
from shared.cardano.make.drafting import Plan, drafted
from shared.cardano.metadata import BatchCommitment
from shared.cardano.policy import ExecutionUnits, PlutusScript
from shared.chain.blockfrost import Blockfrost
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.chain_wallet import HASH, Wallet

QUANTITY = 10_000
#: what stops a wrong transaction is to be the script's own word, not its budget
PLENTY = ExecutionUnits(memory=2_000_000, steps=1_000_000_000)
#: for what a surgery adds
SLACK = 100_000

Surgery = Callable[[dict[int, Any]], None]


class FixedWallet(Wallet):
    """Three outputs, the first of which is the seed."""

    def __init__(self, devnet: DevnetProcess, chain: Blockfrost) -> None:
        super().__init__(devnet, chain)
        self.supply = FixedSupply(("00" * 32, 0), b"CREATE", QUANTITY, bytes(28))
        self.reference = ("00" * 32, 0)

    async def found(self) -> None:
        """Money, and a seed."""
        for _ in range(3):
            self.devnet.faucet(self.address, 50_000_000)
        self.devnet.blocks()
        seed = (await self.chain.utxos(self.address))[0].reference
        self.supply = FixedSupply(seed, b"CREATE", QUANTITY, key_hash(self.key.public))
        self.asset = self.supply.asset

    async def mint_all(self) -> Built:
        """On chain."""
        facts = await self._facts(None, None)
        seed = next(utxo for utxo in facts.pop("utxos") if utxo.reference == self.supply.seed)
        built = self._signed(build.mint_fixed(seed=seed, supply=self.supply, **facts))
        self.reference = (built.id, 0)
        await self.chain.submit(built.raw)
        self.devnet.blocks()
        return built

    async def burn_some(self, count: int) -> Built:
        facts = await self._facts(None, await self.spendable())
        script, batch = self.supply.burning(self.reference), BatchCommitment(HASH, count, count)
        return self._signed(build.burn(asset=self.asset, batch=batch, script=script, **facts))

    async def spendable(self) -> list[Utxo]:
        return [u for u in await self.chain.utxos(self.address) if u.reference != self.reference]

    async def attempt(
        self,
        quantity: int,
        *,
        name: bytes = b"CREATE",
        spend: Sequence[tuple[str, int]] = (),
        avoid: Sequence[tuple[str, int]] = (),
        referring: bool = False,
        surgery: Surgery | None = None,
    ) -> bytes:
        """A signed transaction that is whole but for what the policy says of it."""
        asset = Asset(self.supply.policy_id, name)
        script = PlutusScript(self.supply.script, PLENTY, self.reference if referring else None)
        facts = await self._facts(None, [u for u in await self.spendable() if u.reference not in avoid])
        utxos = facts.pop("utxos")
        generous = replace(facts.pop("parameters"), min_fee_b=155_381 + SLACK)
        plan = Plan(parameters=generous, mint=(asset, quantity), script=script, **facts)
        draft = drafted(plan, selections(utxos, asset.unit, max(-quantity, 0), spend))
        return self._signed(_operated(draft, surgery) if surgery else draft).raw


def _operated(draft: Draft, surgery: Surgery) -> Draft:
    body = cbor2.loads(draft.body_bytes)
    surgery(body)
    return replace(draft, body_bytes=cbor2.dumps(body))


def change_tokens(body: dict[int, Any], policy_id: str, names: Mapping[bytes, int]) -> None:
    """Mint (or burn) more names, and put them into the change (or take them out)."""
    policy = bytes.fromhex(policy_id)
    minted = body[9][policy]
    output = body[1][-1]
    lovelace, bundle = output[1] if isinstance(output[1], list) else (output[1], {})
    held = bundle.setdefault(policy, {})
    for name, quantity in names.items():
        minted[name] = minted.get(name, 0) + quantity
        held[name] = held.get(name, 0) + quantity
    output[1] = [lovelace, {policy: {name: amount for name, amount in held.items() if amount}}]


def run(devnet: DevnetProcess, story: Callable[[FixedWallet], Awaitable[None]]) -> None:
    """Run a test's story with a fresh custodian and a client of its own."""

    async def told() -> None:
        chain = Blockfrost(devnet.url)
        try:
            wallet = FixedWallet(devnet, chain)
            await wallet.found()
            await story(wallet)
        finally:
            await chain.aclose()

    asyncio.run(told())
