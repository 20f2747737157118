"""The fake seller's tokens on the devnet: real mints and burns."""

from collections.abc import Callable

from shared.cardano.addresses import enterprise_address, key_hash
from shared.cardano.assets import Asset
from shared.cardano.draft import Draft
from shared.cardano.make import build
from shared.cardano.metadata import BatchCommitment
from shared.cardano.policy import NativeScript
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess

NETWORK = "cardano:devnet"
SUPPLY = 100


class Custody:
    """One key: it mints, holds and burns."""

    def __init__(self, devnet: DevnetProcess, key: SigningKey) -> None:
        self._devnet = devnet
        self._key = key
        self.address = enterprise_address(key.public, NETWORK)
        self.token = Asset(NativeScript(key_hash(key.public)).policy_id, b"CREATE")

    async def mint(self) -> None:
        self._devnet.faucet(self.address, 100_000_000)
        self._devnet.blocks()
        await self._submit(
            lambda utxos, parameters, slot: build.mint(
                utxos=utxos,
                change_address=self.address,
                asset=self.token,
                quantity=SUPPLY,
                parameters=parameters,
                expiry_slot=slot,
                key=self._key.public,
                network=NETWORK,
            )
        )

    async def burn(self, batch: BatchCommitment) -> str:
        """The hash of a transaction that burns the batch's tokens and commits to its root."""
        return await self._submit(
            lambda utxos, parameters, slot: build.burn(
                utxos=utxos,
                change_address=self.address,
                asset=self.token,
                batch=batch,
                parameters=parameters,
                expiry_slot=slot,
                key=self._key.public,
                network=NETWORK,
            )
        )

    async def _submit(self, draft: Callable[..., Draft]) -> str:
        chain = Blockfrost(self._devnet.url)
        try:
            slot = (await chain.tip()).slot + 600
            drafted = draft(await chain.utxos(self.address), await chain.parameters(), slot)
            built = drafted.sign(self._key.public, self._key.sign(bytes.fromhex(drafted.id)))
            tx_hash = await chain.submit(built.raw)
        finally:
            await chain.aclose()
        self._devnet.blocks()
        return tx_hash
