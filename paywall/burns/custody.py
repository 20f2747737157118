"""The custodial wallet: its key, its address, the token it holds, and the guard before every signature."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from paywall.signers.base import Signer
from shared.cardano.addresses import enterprise_address, key_hash
from shared.cardano.assets import Asset
from shared.cardano.build import Built, Draft, Utxo, burn, mint, native_policy
from shared.cardano.guard import guard_burn
from shared.chain.base import Chain

TOKEN_NAME = b"CREATE"


@dataclass(frozen=True, slots=True)
class BurnOrder:
    """What one attempt is to burn. `must_spend` are inputs of the attempt before it."""

    count: int
    root: bytes
    must_spend: Sequence[tuple[str, int]]


class Custody:
    def __init__(self, signer: Signer, network: str, *, max_fee: int, expiry_slots: int) -> None:
        self._signer = signer
        self._network = network
        self._max_fee = max_fee
        self._expiry_slots = expiry_slots
        self.address = enterprise_address(signer.public, network)
        self.asset = Asset(native_policy(key_hash(signer.public))[1], TOKEN_NAME)

    async def sign_burn(self, chain: Chain, utxos: Sequence[Utxo], order: BurnOrder) -> Built:
        """A signed burn of `order`. Errors: Shortage (tokens or ADA), ChainUnavailable, UnsafeBurnError."""
        parameters, tip = await asyncio.gather(chain.parameters(), chain.tip())
        draft = burn(
            utxos=utxos,
            change_address=self.address,
            asset=self.asset,
            count=order.count,
            root=order.root,
            parameters=parameters,
            expiry_slot=tip.slot + self._expiry_slots,
            key=self._signer.public,
            network=self._network,
            must_spend=order.must_spend,
        )
        # A fault above must not become a signature on anything but a burn of ours.
        guard_burn(draft.unsigned, self.asset, self.address, self._max_fee)
        return await self._sign(draft)

    async def sign_mint(self, chain: Chain, quantity: int) -> Built:
        """A signed mint of the supply to our own address. Errors: Shortage, ChainUnavailable."""
        utxos = await chain.utxos(self.address)
        parameters, tip = await asyncio.gather(chain.parameters(), chain.tip())
        draft = mint(
            utxos=utxos,
            change_address=self.address,
            asset=self.asset,
            quantity=quantity,
            parameters=parameters,
            expiry_slot=tip.slot + self._expiry_slots,
            key=self._signer.public,
            network=self._network,
        )
        return await self._sign(draft)

    async def _sign(self, draft: Draft) -> Built:
        signature = await self._signer.sign(bytes.fromhex(draft.id))
        return draft.sign(self._signer.public, signature)

    async def holdings(self, chain: Chain) -> tuple[int, int]:
        """(lovelace, tokens) at our address, by the chain."""
        utxos = await chain.utxos(self.address)
        return sum(u.lovelace for u in utxos), sum(u.tokens.get(self.asset.unit, 0) for u in utxos)
