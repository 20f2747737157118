"""The way of one batch: look where the chain has it → decide → record that → act.

Each move is recorded in one place: what the chain says by `_move`, `submitted` by `_submit` before the bytes
leave, `signed` by the signer together with the bytes.
"""

import logging
from dataclasses import dataclass

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
from paywall.burns.store import Flight, Sighting
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.burns.wallet.adopting import adopt
from paywall.burns.wallet.base import WalletChain
from paywall.clock import Clock
from paywall.database.engine import Database
from paywall.ops.failpoints import failpoint
from shared.chain.base import SubmitRefused, SubmitUnknown, Tip, confirmations
from shared.chain.depth import deep_slot

log = logging.getLogger("paywall.burns")


@dataclass(frozen=True, slots=True)
class Landed:
    """The attempt of a batch that is on the chain, and where."""

    attempt: BurnAttemptRow
    sighting: Sighting


class BatchWatcher:
    """Moves one batch as far as the chain allows, in transactions that check the wallet's lease."""

    def __init__(
        self,
        *,
        database: Database,
        chain: WalletChain,
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
        flight = await self._read(batch_id)
        batch, attempt = flight.batch, flight.attempt
        landed = await self._look(flight, tip)
        if landed is not None:
            self._signer.note_shown(landed.attempt.tx_hash)
        sighting = landed.sighting if landed is not None else None
        step = next_step(batch.state, *await self._seen(attempt, sighting, tip), self._terms.confirmations)  # type: ignore[arg-type] # see CHECK
        if batch.state == "confirmed":
            await self._look_back(lease, batch, landed, tip)
        elif step.state == "confirmed" and not await self._newest_stands(tip):
            return  # the newest tells of a fork until all that it moved is dealt with
        elif landed is not None and landed.attempt.tx_hash != batch.tx_hash:
            await self._adopt(lease, batch, landed, step.state)
        elif attempt is None or step.action is BatchAction.SIGN:
            await self._sign_and_submit(lease, batch)
        else:
            await self._record(lease, batch, step, sighting)
            if step.action is BatchAction.SUBMIT and self._is_due(batch, attempt):
                await self._submit(lease, attempt)

    async def _read(self, batch_id: str) -> Flight:
        """Anew each time: a batch before it may have been replaced, and this one with it."""
        flight = await self._database.read(lambda tx: store.flight(tx, batch_id))
        assert flight is not None
        return flight

    async def _look(self, flight: Flight, tip: Tip) -> Landed | None:
        """Which of a batch's attempts stands on the chain whose newest block was `tip`. Errors: ChainUnavailable.

        Each is looked for: one that was replaced may be on the chain all the same, hidden until now by an index
        that lags, or by the fork that we were on.
        """
        newest_first = sorted(flight.attempts, key=lambda one: (one is not flight.attempt, -one.number))
        for attempt in newest_first:
            inclusion = await self._chain.inclusion(attempt.tx_hash)
            if inclusion is not None:
                deep = max(confirmations(tip, inclusion), 1)
                return Landed(attempt, Sighting(inclusion.block_hash, inclusion.height, deep))
        return None

    async def _seen(
        self, attempt: BurnAttemptRow | None, sighting: Sighting | None, tip: Tip
    ) -> tuple[int | None, OnChain | Absent | None]:
        """What the rule is to know: the expiry slot, and what the chain says."""
        if sighting is not None:
            return None, OnChain(sighting.confirmations)
        if attempt is None:
            return None, None
        deep = 0
        if tip.slot > attempt.expiry_slot:
            deep = await deep_slot(self._chain, tip, self._terms.confirmations)
        return attempt.expiry_slot, Absent(tip.slot, deep)

    async def _sign_and_submit(self, lease: WalletLease, batch: BurnBatchRow) -> None:
        """In one step: where many batches are signed anew one after the other, the last may take longer to come
        than the first one's bytes can land.
        """
        if await self._is_parked():
            return
        await self._signer.sign(lease, batch)
        flight = await self._database.read(lambda tx: store.flight(tx, batch.id))
        if flight is not None and flight.attempt is not None and flight.batch.tx_hash != batch.tx_hash:
            await self._hand_in(lease, flight.attempt)

    async def _adopt(
        self, lease: WalletLease, batch: BurnBatchRow, landed: Landed, state: BatchState
    ) -> None:
        tx_hash, sighting = landed.attempt.tx_hash, landed.sighting
        log.warning("burn batch %s is on the chain by %s, which had been given up", batch.id, tx_hash)
        await lease.transact(
            lambda tx: adopt(tx, batch, landed.attempt, state=state, sighting=sighting, now=self._clock())
        )
        failpoint("recover.adopted")

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
        is_taken = await self._hand_in(lease, attempt)
        if not is_taken and await self._signer.is_hopeless(lease, attempt):
            await self._sign_and_submit(lease, (await self._read(attempt.batch_id)).batch)

    async def _hand_in(self, lease: WalletLease, attempt: BurnAttemptRow) -> bool:
        """False when the ledger refused it."""
        await lease.transact(
            lambda tx: store.note_submission(tx, attempt.batch_id, attempt.tx_hash, self._clock())
        )
        failpoint("burn.noted" if attempt.submitted_at is None else "recover.resubmitting")
        is_taken = True
        try:
            await self._chain.submit(attempt.transaction)
        except SubmitRefused as refusal:
            # "Inputs spent" may mean that it landed: the next look at the chain decides, never this answer.
            log.info("burn transaction %s was not taken: %s", attempt.tx_hash, refusal.reason)
            is_taken = False
        except SubmitUnknown:
            log.warning("whether burn transaction %s was taken is not known", attempt.tx_hash)
        failpoint("burn.submitted")
        return is_taken

    async def _is_parked(self) -> bool:
        """While a batch is parked nothing new is signed: what the wallet holds is not certain."""
        return await self._database.read(lambda tx: store.parked(tx, self._policy_id)) > 0

    async def _newest_stands(self, tip: Tip) -> bool:
        """Whether the newest final batch is where it was, and with it all that is final."""
        row = await self._database.read(lambda tx: store.newest_confirmed(tx, self._policy_id))
        return row is None or _is_where_it_was(row, await self._look(await self._read(row.id), tip))

    async def _look_back(
        self, lease: WalletLease, newest: BurnBatchRow, landed: Landed | None, tip: Tip
    ) -> None:
        """The newest final batch stands where it did; or a fork took it along, and maybe those before it too.

        Then all are looked for, down to one that is where it was: some come back in other blocks, and become final
        anew, and some do not. The newest is recorded last: until then it tells of the fork whoever looks next, and
        nothing else becomes the newest (`_newest_stands`).
        """
        if landed is not None and _is_where_it_was(newest, landed):
            # One deeper than we ask, which tells how deep a rollback was that takes them.
            if newest.confirmations <= self._terms.confirmations < landed.sighting.confirmations:
                await self._move(lease, newest, "confirmed", landed.sighting)
            return
        above = (newest.block_height or 0) - self._terms.final_depth  # no fork goes deeper
        for row in await self._database.read(lambda tx: store.confirmed_above(tx, self._policy_id, above)):
            if row.id == newest.id:
                continue
            one = await self._look(await self._read(row.id), tip)
            if _is_where_it_was(row, one):
                break
            await self._settle_moved(lease, newest, row, one)
        await self._settle_moved(lease, newest, newest, landed)

    async def _settle_moved(
        self, lease: WalletLease, newest: BurnBatchRow, row: BurnBatchRow, landed: Landed | None
    ) -> None:
        """Gone is lost, and landed again, up to the depth we ask; parked for a person beyond it."""
        if landed is None:
            deepest = newest.confirmations + (newest.block_height or 0) - (row.block_height or 0)
            state = state_off_chain(deepest, self._terms.confirmations)
            failpoint("recover.parking")
            log.error("burn batch %s was final and is off the chain: %s", row.id, state)
            await self._move(lease, row, state, None)
            failpoint("recover.parked")
        elif landed.attempt.tx_hash != row.tx_hash:
            await self._adopt(lease, row, landed, "seen")
        else:
            await self._move(lease, row, "seen", landed.sighting)


def _is_where_it_was(row: BurnBatchRow, landed: Landed | None) -> bool:
    return landed is not None and landed.sighting.block_hash == row.block_hash
