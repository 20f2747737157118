"""A custodial wallet before its fixed supply is minted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from paywall.burns.custody import Custody
from paywall.burns.policies import FixedPolicy
from paywall.burns.policy_file import MintRecord, read_record
from paywall.burns.supply import mint_fixed_supply
from paywall.keys.signers.file import FileSigner
from shared.cardano.addresses import key_hash
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess

SUPPLY = 1000


@dataclass
class MintScene:
    """A custodial wallet with 100 ADA in two outputs, and the file that its mint goes into."""

    devnet: DevnetProcess
    chain: Blockfrost
    custody: Custody
    custodian: bytes
    file: Path

    def record(self) -> MintRecord | None:
        return read_record(self.file, self.custodian)

    async def mint(self, chain: Blockfrost | None = None, *, time_limit: float = 10) -> str:
        """With a block while it waits."""
        minting = asyncio.create_task(
            mint_fixed_supply(self.custody, chain or self.chain, SUPPLY, self.file, time_limit=time_limit)
        )
        while not minting.done():
            await asyncio.to_thread(self.devnet.blocks)
            await asyncio.wait([minting], timeout=0.1)
        return await minting

    def minted(self) -> Custody:
        record = self.record()
        assert record is not None
        return self.custody.under(FixedPolicy(record.supply, record.reference))


def play(devnet: DevnetProcess, folder: Path, story: Callable[[MintScene], Awaitable[None]]) -> None:
    async def told() -> None:
        chain, key = Blockfrost(devnet.url), SigningKey.generate()
        custody = Custody(
            FileSigner(key),
            "cardano:devnet",
            max_fee=1_000_000,
            expiry_slots=100_000,
            policy=lambda _: None,
        )
        for lovelace in (60_000_000, 40_000_000):
            devnet.faucet(custody.address, lovelace)
        devnet.blocks()
        try:
            await story(MintScene(devnet, chain, custody, key_hash(key.public), folder / "policy.json"))
        finally:
            await chain.aclose()

    asyncio.run(told())
