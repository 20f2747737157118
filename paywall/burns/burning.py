"""Step 4 of a request: waiting burns → one batch → one stored, signed transaction → submit → k confirmations.

Each call of `step` moves the one batch in flight as far as the chain allows. All it knows is in the
database, so it does not matter when it is killed, or by whom it is called next.
"""

import logging
from dataclasses import dataclass

from paywall.burns import outputs, store
from paywall.burns.custody import BurnOrder, Custody
from paywall.burns.states import Absent, Action, OnChain, batch_is_due, next_step
from paywall.burns.store import Sighting
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.clock import Clock, Ids
from paywall.database import Database, Transaction
from shared.cardano.build import Built, Shortage
from shared.chain.base import Chain, Inclusion, SubmitRefused, SubmitUnknown, Tip, confirmations

log = logging.getLogger("paywall.burns")


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """A batch closes after `size` burns or `seconds` seconds, and is final at `confirmations`.

    A transaction that is not on chain is handed in again every `resubmit_seconds`.
    """

    size: int
    seconds: int
    confirmations: int
    resubmit_seconds: int


@dataclass(frozen=True, slots=True)
class InFlight:
    """The batch in flight with its newest attempt."""

    batch: BurnBatchRow
    attempt: BurnAttemptRow | None


class Burning:
    def __init__(
        self, *, database: Database, chain: Chain, custody: Custody, terms: BatchTerms, clock: Clock, ids: Ids
    ) -> None:
        self._database = database
        self._chain = chain
        self._custody = custody
        self._terms = terms
        self._clock = clock
        self._ids = ids
        self._shortage = ""

    async def step(self) -> bool:
        """Move on; False when nothing is in flight and nothing is due. Errors: ChainUnavailable."""
        current = await self._database.transact(self._current)
        if current is None:
            return False
        sighting, seen = await self._look(current.attempt)
        expiry_slot = current.attempt.expiry_slot if current.attempt else None
        step = next_step(
            current.batch.state,  # type: ignore[arg-type] # a CHECK constraint holds the column to these
            expiry_slot,
            seen,
            self._terms.confirmations,
        )
        if step.action is Action.SIGN:
            await self._sign(current)
            return True
        assert current.attempt is not None
        await self._move(current, step.state, sighting)
        if step.action is Action.SUBMIT and self._is_due(current):
            await self._submit(current.attempt)
        return True

    def _is_due(self, current: InFlight) -> bool:
        """Not while it is most likely waiting in the mempool; at once after a rollback."""
        assert current.attempt is not None
        last = current.attempt.submitted_at
        waited = last is None or self._clock() - last >= self._terms.resubmit_seconds
        return waited or current.batch.state != "submitted"

    def _current(self, tx: Transaction) -> InFlight | None:
        """The batch in flight; a new one is closed when it is due."""
        policy_id = self._custody.asset.policy_id
        batch = store.in_flight(tx, policy_id)
        if batch is None:
            now = self._clock()
            count, oldest = store.waiting(tx)
            age = now - oldest if oldest is not None else 0
            if not batch_is_due(count, age, size=self._terms.size, seconds=self._terms.seconds):
                return None
            store.take_batch(tx, self._ids(), policy_id, self._terms.size, now)
            batch = store.in_flight(tx, policy_id)
        if batch is None:
            return None
        attempt = store.newest_attempt(tx, batch.id)
        return InFlight(
            BurnBatchRow.model_validate(batch.model_dump()),
            BurnAttemptRow.model_validate(attempt.model_dump()) if attempt else None,
        )

    async def _look(self, attempt: BurnAttemptRow | None) -> tuple[Sighting | None, OnChain | Absent | None]:
        if attempt is None:
            return None, None
        # The tip first: an inclusion read later can only be newer, so absence is never believed too early.
        tip: Tip = await self._chain.tip()
        inclusion: Inclusion | None = await self._chain.inclusion(attempt.tx_hash)
        if inclusion is None:
            return None, Absent(tip.slot)
        deep = max(confirmations(tip, inclusion), 1)
        return Sighting(inclusion.block_hash, inclusion.height, deep), OnChain(deep)

    async def _sign(self, current: InFlight) -> None:
        """Build new bytes and store them, with what they spend and make, before anybody may submit them."""
        batch = current.batch
        earlier = [a.tx_hash for a in await self._database.read(lambda tx: store.attempts(tx, batch.id))]
        on_chain = await self._chain.utxos(self._custody.address)
        await self._database.transact(lambda tx: outputs.learn(tx, on_chain, self._clock()))
        ours, shared = await self._database.read(
            lambda tx: (
                outputs.spendable(tx, self._custody.address, attempts=earlier),
                outputs.spent_by(tx, earlier[-1]) if earlier else [],
            )
        )
        # What is ours by our record and is gone from the chain was spent by somebody else with our key: never
        # again build on it. What the chain shows and our record has spent is an index that lags.
        unspent = {utxo.reference for utxo in on_chain}
        ours = [utxo for utxo in ours if utxo.reference in unspent]
        shared = [reference for reference in shared if reference in unspent][:1]
        if earlier and not shared:
            log.warning("burn batch %s waits: the outputs that its transaction spends are gone", batch.id)
            return
        order = BurnOrder(count=batch.size, root=batch.root, must_spend=shared)
        try:
            built = await self._custody.sign_burn(self._chain, ours, order)
        except Shortage as shortage:
            if str(shortage) != self._shortage:
                log.warning("the custodial wallet cannot burn %d tokens: %s", batch.size, shortage)
            self._shortage = str(shortage)
            return
        self._shortage = ""
        await self._database.transact(lambda tx: self._store_attempt(tx, current, built, earlier))

    def _store_attempt(self, tx: Transaction, current: InFlight, built: Built, earlier: list[str]) -> None:
        now = self._clock()
        if not store.move_batch(tx, current.batch, "signed", now, tx_hash=built.id):
            return
        tx.session.add(
            BurnAttemptRow(
                tx_hash=built.id,
                batch_id=current.batch.id,
                number=len(earlier) + 1,  # unique: two workers cannot both add the next attempt
                transaction=built.raw,
                fee=built.fee,
                expiry_slot=built.expiry_slot,
                created_at=now,
            )
        )
        tx.session.flush()
        outputs.spend(tx, built, now, replaces=earlier)

    async def _move(self, current: InFlight, state: str, sighting: Sighting | None) -> None:
        batch, attempt = current.batch, current.attempt
        assert attempt is not None
        if batch.state == state and sighting is not None and sighting.confirmations == batch.confirmations:
            return
        if batch.state == "seen" and state == "submitted":
            log.warning(
                "burn batch %s was rolled back; its transaction %s is submitted again",
                batch.id,
                attempt.tx_hash,
            )
        if state == "confirmed":
            log.info("burn batch %s of %d is confirmed in %s", batch.id, batch.size, attempt.tx_hash)
        await self._database.transact(
            lambda tx: store.move_batch(
                tx, batch, state, self._clock(), tx_hash=attempt.tx_hash, sighting=sighting
            )
        )

    async def _submit(self, attempt: BurnAttemptRow) -> None:
        await self._database.transact(lambda tx: store.note_submission(tx, attempt.tx_hash, self._clock()))
        try:
            await self._chain.submit(attempt.transaction)
        except SubmitRefused as refusal:
            # "Inputs spent" may mean that it landed: the next look at the chain decides, never this answer.
            log.info("burn transaction %s was not taken: %s", attempt.tx_hash, refusal.reason)
        except SubmitUnknown:
            log.warning(
                "whether burn transaction %s was taken is not known; it will be looked up", attempt.tx_hash
            )
