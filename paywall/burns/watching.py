"""The way of one batch: look where the chain has it → decide → record that → act.

Each move is recorded in one place: what the chain says by `_move`, `submitted` by `_submit` before the bytes
leave, `signed` by the signer together with the bytes.
"""

import logging

from paywall.burns import store
from paywall.burns.lease import WalletLease
from paywall.burns.signing import BatchSigner
from paywall.burns.states import (
    Absent,
    BatchAction,
    BatchState,
    BatchStep,
    BatchTerms,
    OnChain,
    next_step,
    state_off_chain,
    submit_is_due,
)
from paywall.burns.store import Sighting
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.clock import Clock
from paywall.database.engine import Database
from paywall.ops.failpoints import failpoint
from shared.chain.base import Chain, SubmitRefused, SubmitUnknown, Tip, confirmations

log = logging.getLogger("paywall.burns")
#: how many confirmed batches are looked at when the newest is gone
DEEPEST = 200


class BatchWatcher:
    """Moves one batch as far as the chain allows, in transactions that check the wallet's lease."""

    def __init__(
        self,
        *,
        database: Database,
        chain: Chain,
        signer: BatchSigner,
        policy_id: str,
        terms: BatchTerms,
        clock: Clock,
    ) -> None:
        self._database = database
        self._chain = chain
        self._signer = signer
        self._policy_id = policy_id
        self._terms = terms
        self._clock = clock

    async def advance(self, lease: WalletLease, batch_id: str, tip: Tip) -> None:
        """One step on, as far as the chain allows. Errors: ChainUnavailable, LeaseLost."""
        # Read again: a batch before it may have been replaced, and this one with it.
        flight = await self._database.read(lambda tx: store.flight(tx, batch_id))
        assert flight is not None
        batch, attempt = flight.batch, flight.attempt
        sighting = await self._look(attempt, tip) if batch.state != "open" else None
        step = self._decide(batch, attempt, sighting, tip)
        if attempt is None or step.action is BatchAction.SIGN:
            if not await self._is_parked():
                await self._signer.sign(lease, batch)
        elif batch.state != "confirmed":
            await self._record(lease, batch, step, sighting)
            if step.action is BatchAction.SUBMIT and self._is_due(batch, attempt):
                await self._submit(lease, attempt)
        elif step.state == "confirmed":
            await self._count_deeper(lease, batch, sighting)
        else:
            await self._put_back(lease, batch, tip)

    async def _look(self, attempt: BurnAttemptRow | None, tip: Tip) -> Sighting | None:
        """Where an attempt stands on the chain whose newest block was `tip`. Errors: ChainUnavailable."""
        inclusion = await self._chain.inclusion(attempt.tx_hash) if attempt is not None else None
        if inclusion is None:
            return None
        return Sighting(inclusion.block_hash, inclusion.height, max(confirmations(tip, inclusion), 1))

    def _decide(
        self, batch: BurnBatchRow, attempt: BurnAttemptRow | None, sighting: Sighting | None, tip: Tip
    ) -> BatchStep:
        seen = OnChain(sighting.confirmations) if sighting else Absent(tip.slot)
        expiry_slot = attempt.expiry_slot if attempt else None
        return next_step(batch.state, expiry_slot, seen, self._terms.confirmations)  # type: ignore[arg-type] # see CHECK

    async def _record(
        self, lease: WalletLease, batch: BurnBatchRow, step: BatchStep, sighting: Sighting | None
    ) -> None:
        """What the chain says of a batch on its way; nothing when it says what it said before."""
        deep = sighting.confirmations if sighting else 0
        if (step.state, deep) == (batch.state, batch.confirmations):
            return
        if step.state == "lost":
            log.warning("burn batch %s was rolled back; the same bytes are submitted again", batch.id)
        if step.state == "confirmed":
            log.info("burn batch %s of %d is confirmed in %s", batch.id, batch.size, batch.tx_hash)
        await self._move(lease, batch, step.state, sighting)
        failpoint(f"burn.{step.state}")

    async def _move(
        self, lease: WalletLease, batch: BurnBatchRow, state: BatchState, sighting: Sighting | None
    ) -> None:
        await lease.transact(
            lambda tx: store.move_batch(
                tx, batch, state, self._clock(), tx_hash=batch.tx_hash, sighting=sighting
            )
        )

    def _is_due(self, batch: BurnBatchRow, attempt: BurnAttemptRow) -> bool:
        age = self._clock() - attempt.submitted_at if attempt.submitted_at is not None else None
        return submit_is_due(batch.state, age, self._terms.resubmit_seconds)  # type: ignore[arg-type] # see CHECK

    async def _submit(self, lease: WalletLease, attempt: BurnAttemptRow) -> None:
        await lease.transact(
            lambda tx: store.note_submission(tx, attempt.batch_id, attempt.tx_hash, self._clock())
        )
        failpoint("burn.noted" if attempt.submitted_at is None else "recover.resubmitting")
        try:
            await self._chain.submit(attempt.transaction)
        except SubmitRefused as refusal:
            # "Inputs spent" may mean that it landed: the next look at the chain decides, never this answer.
            log.info("burn transaction %s was not taken: %s", attempt.tx_hash, refusal.reason)
        except SubmitUnknown:
            log.warning("whether burn transaction %s was taken is not known", attempt.tx_hash)
        failpoint("burn.submitted")

    async def _is_parked(self) -> bool:
        """While a batch is parked nothing new is signed: what the wallet holds is not certain."""
        return await self._database.read(lambda tx: store.parked(tx, self._policy_id)) > 0

    async def _count_deeper(self, lease: WalletLease, final: BurnBatchRow, sighting: Sighting | None) -> None:
        """Final batches are counted one deeper than we ask, which tells how deep a rollback was that takes them."""
        if sighting is not None and final.confirmations <= self._terms.confirmations < sighting.confirmations:
            await self._move(lease, final, "confirmed", sighting)

    async def _put_back(self, lease: WalletLease, newest: BurnBatchRow, tip: Tip) -> None:
        """The newest final batch is gone: so may be those in the blocks before it, down to one that stands.

        Each is lost, and landed again, up to the depth we ask; parked for a person beyond it.
        """
        rows = await self._database.read(lambda tx: store.newest_confirmed(tx, self._policy_id, DEEPEST))
        for row in rows:
            attempt = await self._database.read(lambda tx, row=row: store.newest_attempt(tx, row.id))  # type: ignore[misc]
            if await self._look(attempt, tip) is not None:
                return
            deepest = newest.confirmations + (newest.block_height or 0) - (row.block_height or 0)
            state = state_off_chain(deepest, self._terms.confirmations)
            failpoint("recover.parking")
            log.error("burn batch %s was final and is off the chain: %s", row.id, state)
            await self._move(lease, row, state, None)
            failpoint("recover.parked")
