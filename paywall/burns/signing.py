"""New bytes for a batch: chosen from our own outputs, guarded, signed, and stored before anybody may submit them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from paywall.burns import outputs, store
from paywall.burns.custody import BurnOrder, Custody
from paywall.burns.lease import WalletLease
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.clock import Clock
from paywall.database.engine import Transaction
from paywall.ops.failpoints import failpoint
from shared.cardano.coins import OutputReference, Shortage, Utxo
from shared.cardano.draft import Built
from shared.cardano.metadata import BatchCommitment
from shared.chain.base import Chain

log = logging.getLogger("paywall.burns")


class BatchUnsignable(Exception):
    """The wallet cannot burn this batch at the moment; a sentence for the operator says why."""


@dataclass(frozen=True, slots=True)
class WalletOutputs:
    """What an attempt of one batch may spend.

    `rivals` are the inputs of the attempt before it; None when there is none that could still land.
    """

    spendable: list[Utxo]
    rivals: Sequence[OutputReference] | None


class BatchSigner:
    """Makes the transaction of a batch: builds, guards, signs and stores it."""

    def __init__(self, *, chain: Chain, custody: Custody, clock: Clock) -> None:
        self._chain = chain
        self._custody = custody
        self._clock = clock
        #: why the last batch could not be signed; empty when it could
        self._shortage = ""

    async def sign(self, lease: WalletLease, batch: BurnBatchRow) -> None:
        """→ signed; or as it was, when the wallet has too little. Errors: ChainUnavailable, LeaseLost."""
        try:
            built = await self._build(lease, batch)
        except BatchUnsignable as reason:
            self._note_shortage(str(reason))
            return
        self._note_shortage("")
        failpoint("burn.built")
        await lease.transact(lambda tx: self._store(tx, batch, built))
        failpoint("burn.signed")

    def _note_shortage(self, shortage: str) -> None:
        if shortage and shortage != self._shortage:
            log.warning(shortage)
        self._shortage = shortage

    async def _build(self, lease: WalletLease, batch: BurnBatchRow) -> Built:
        """Errors: BatchUnsignable, ChainUnavailable, LeaseLost."""
        on_chain = await self._chain.utxos(self._custody.address)
        wallet = await lease.transact(lambda tx: self._read_wallet(tx, batch, on_chain))
        order = BurnOrder(_committed(batch), must_spend=_must_spend(batch, wallet))
        try:
            return await self._custody.sign_burn(self._chain, wallet.spendable, order)
        except Shortage as shortage:
            raise BatchUnsignable(
                f"the custodial wallet cannot burn {batch.quantity} tokens: {shortage}"
            ) from shortage

    def _read_wallet(self, tx: Transaction, batch: BurnBatchRow, on_chain: list[Utxo]) -> WalletOutputs:
        outputs.learn(tx, on_chain, self._clock())
        earlier = store.attempts(tx, batch.id)
        seen = {utxo.reference for utxo in on_chain}
        ours = outputs.spendable(tx, self._custody.address, seen, attempts=[one.tx_hash for one in earlier])
        if not earlier or earlier[-1].void:
            return WalletOutputs(ours, None)
        return WalletOutputs(ours, outputs.spent_by(tx, earlier[-1].tx_hash))

    def _store(self, tx: Transaction, batch: BurnBatchRow, built: Built) -> None:
        now = self._clock()
        earlier = store.attempts(tx, batch.id)
        if not store.move_batch(tx, batch, "signed", now, tx_hash=built.id):
            return
        if earlier:
            failpoint("recover.replacing")
            log.warning("burn batch %s has new bytes: %s", batch.id, built.id)
            outputs.undo(tx, [one.tx_hash for one in earlier])
        tx.session.add(
            BurnAttemptRow(
                tx_hash=built.id,
                batch_id=batch.id,
                number=len(earlier) + 1,
                transaction=built.raw,
                fee=built.fee,
                expiry_slot=built.expiry_slot,
                created_at=now,
            )
        )
        tx.session.flush()
        outputs.spend(tx, built, now)
        failpoint("burn.signing")


def _must_spend(batch: BurnBatchRow, wallet: WalletOutputs) -> list[OutputReference]:
    """Each attempt shares an input with the one before, so that never both can stand. Errors: BatchUnsignable."""
    if wallet.rivals is None:
        return []
    ours = {utxo.reference for utxo in wallet.spendable}
    shared = [one for one in wallet.rivals if one in ours]
    if not shared:
        raise BatchUnsignable(
            f"burn batch {batch.id} waits: the outputs that its transaction spends are gone"
        )
    return shared[:1]


def _committed(batch: BurnBatchRow) -> BatchCommitment:
    return BatchCommitment(batch.root, batch.quantity, batch.size, batch.version)
