"""Looks at what the chain shows of the custodial wallet, and brings our record of its outputs up to date."""

import logging
from collections.abc import Sequence

from paywall.burns import outputs, store
from paywall.burns.custody import Custody
from paywall.burns.lease import WalletLease
from paywall.burns.wallet.adopting import note_standing
from paywall.burns.wallet.base import WalletChain
from paywall.clock import Clock
from paywall.database.engine import Transaction
from shared.cardano.coins import OutputReference, Utxo, is_usable

log = logging.getLogger("paywall.burns")
#: an idle wallet is looked at this often
LOOK_SECONDS = 10
#: of what is missing, so many are asked for at a time
MOST_ASKED = 20


def take_note(tx: Transaction, found: Sequence[Utxo], unit: str, now: int) -> list[Utxo]:
    """Those of the outputs `found` on the chain that the wallet heeds; it knows them from now on."""
    usable = [utxo for utxo in found if is_usable(utxo, unit)]
    outputs.learn(tx, usable, now)
    outputs.forget(tx, [utxo.reference for utxo in found if not is_usable(utxo, unit)])
    outputs.came_back(tx, {utxo.reference for utxo in usable})
    return usable


class WalletView:
    """The wallet by the chain, for the holder of its lease."""

    def __init__(self, *, chain: WalletChain, custody: Custody, clock: Clock) -> None:
        self._chain = chain
        self._custody = custody
        self._clock = clock
        self._looked_at: int | None = None

    async def refresh(self, lease: WalletLease) -> None:
        """`look`, unless that was done a moment ago."""
        if self._looked_at is None or self._clock() - self._looked_at >= LOOK_SECONDS:
            await self.look(lease)

    async def look(self, lease: WalletLease) -> list[Utxo]:
        """What the chain shows for us to spend; the record knows it from now on.

        Errors: ChainUnavailable, LeaseLost.
        """
        found = await self._custody.shown(self._chain)
        unit = self._custody.asset.unit

        def note(tx: Transaction) -> tuple[list[Utxo], list[OutputReference]]:
            usable = take_note(tx, found, unit, self._clock())
            return usable, outputs.missing(tx, {utxo.reference for utxo in found})

        usable, missing = await lease.transact(note)
        for output in missing[:MOST_ASKED]:
            await self._account_for(lease, output)
        self._looked_at = self._clock()
        return usable

    async def _account_for(self, lease: WalletLease, output: OutputReference) -> None:
        """What is not shown was spent by somebody else, or was never made, or the chain's index lags."""
        tx_hash, index = output
        maker = await self._chain.ends(tx_hash)
        if maker is None:
            await lease.transact(lambda tx: outputs.forget(tx, [output]))
            return
        spender = maker.spender(index)
        if spender is None:
            return
        if await _is_ours(lease, spender):
            await lease.transact(lambda tx: note_standing(tx, spender, self._clock()))
        else:
            log.warning("output %s#%d was spent by %s, which is none of our burns", *output, spender)
            await lease.transact(lambda tx: outputs.spent_elsewhere(tx, output, spender))


async def _is_ours(lease: WalletLease, tx_hash: str) -> bool:
    return await lease.transact(lambda tx: store.attempt(tx, tx_hash)) is not None
