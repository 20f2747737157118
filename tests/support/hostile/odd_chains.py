"""Chains that are not as one would have them."""

from dataclasses import replace

from shared.cardano.assets import Asset
from shared.cardano.coins import Utxo
from shared.chain.blockfrost import Blockfrost
from tests.support.processes.devnet import DevnetProcess


class Thief(Blockfrost):
    """A chain on which a token has left the custodial wallet."""

    async def utxos(self, address: str, asset: Asset | None = None) -> list[Utxo]:
        found = await super().utxos(address, asset)
        return [replace(u, tokens={unit: n - 1 for unit, n in u.tokens.items()}) for u in found]


class Hasty(Blockfrost):
    """A chain that makes a block after the first look at the supply."""

    devnet: DevnetProcess
    made = False

    async def supply(self, asset: Asset) -> tuple[int, int] | None:
        told = await super().supply(asset)
        if not self.made:
            self.made = True
            self.devnet.blocks()
        return told
