"""New bytes for a batch: chosen from our own outputs, guarded, signed, and stored before anybody may submit them."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from paywall.burns import outputs, store
from paywall.burns.custody import BurnOrder, Custody
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.clock import Clock
from paywall.database.engine import Transaction
from paywall.ops.failpoints import failpoint
from shared.cardano.make.build import Built, Shortage, Utxo
from shared.cardano.metadata import BatchCommitment
from shared.chain.base import Chain

log = logging.getLogger("paywall.burns")
T = TypeVar("T")
#: runs a function in a transaction that fails when the wallet's lease is lost
Transact = Callable[[Callable[[Transaction], T]], Awaitable[T]]


class Signing:
    def __init__(self, *, chain: Chain, custody: Custody, clock: Clock) -> None:
        self._chain = chain
        self._custody = custody
        self._clock = clock
        #: why the last batch could not be signed; empty when it could
        self.shortage = ""

    async def sign(self, batch: BurnBatchRow, transact: Transact[object]) -> None:
        """Open → signed; or still open, when the wallet has too little. Errors: ChainUnavailable, LeaseLost."""
        on_chain = await self._chain.utxos(self._custody.address)
        chosen: list[tuple[list[Utxo], BurnOrder] | None] = []
        await transact(lambda tx: chosen.append(self._choose(tx, batch, on_chain)))
        if (order := chosen[-1]) is None:
            return
        try:
            built = await self._custody.sign_burn(self._chain, *order)
        except Shortage as shortage:
            self._say(f"the custodial wallet cannot burn {batch.quantity} tokens: {shortage}")
            return
        self._say("")
        failpoint("burn.built")
        await transact(lambda tx: self._store(tx, batch, built))
        failpoint("burn.signed")

    def _say(self, shortage: str) -> None:
        if shortage and shortage != self.shortage:
            log.warning(shortage)
        self.shortage = shortage

    def _choose(
        self, tx: Transaction, batch: BurnBatchRow, on_chain: list[Utxo]
    ) -> tuple[list[Utxo], BurnOrder] | None:
        outputs.learn(tx, on_chain, self._clock())
        earlier = store.attempts(tx, batch.id)
        seen = {utxo.reference for utxo in on_chain}
        ours = outputs.spendable(tx, self._custody.address, seen, attempts=[one.tx_hash for one in earlier])
        shared: list[outputs.Reference] = []
        if earlier and not earlier[-1].void:
            # Each attempt shares an input with the one before, so that never both can stand.
            known = {utxo.reference for utxo in ours}
            shared = [one for one in outputs.spent_by(tx, earlier[-1].tx_hash) if one in known][:1]
            if not shared:
                self._say(f"burn batch {batch.id} waits: the outputs that its transaction spends are gone")
                return None
        return ours, BurnOrder(_committed(batch), must_spend=shared)

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


def _committed(batch: BurnBatchRow) -> BatchCommitment:
    return BatchCommitment(batch.root, batch.quantity, batch.size, batch.version)
