"""Step 4 of a request: waiting burns → batch → one stored, signed transaction → submit → k confirmations.

Each call of `step` takes the wallet's lease and moves every batch in flight as far as the chain allows. All it
knows is in the database, so it does not matter when it is killed, or who calls it next. Batches chain on their
own change without waiting for confirmation.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from paywall.burns import lease, store
from paywall.burns.custody import Custody
from paywall.burns.lease import LeaseLost
from paywall.burns.signing import Signing
from paywall.burns.states import IN_FLIGHT, Action, Step, batch_is_due, next_step
from paywall.burns.store import Flight, Sighting
from paywall.burns.watching import Watching, look
from paywall.clock import Clock, Ids
from paywall.database.engine import Database, Transaction
from paywall.ops.failpoints import failpoint
from shared.chain.base import Chain, SubmitRefused, SubmitUnknown, Tip

log = logging.getLogger("paywall.burns")
T = TypeVar("T")
LEASE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """A batch closes after `size` burns or `seconds` seconds, and is final at `confirmations`.

    A transaction that is not on chain is handed in again every `resubmit_seconds`. At most `in_flight` batches
    are on their way at once.
    """

    size: int
    seconds: int
    confirmations: int
    resubmit_seconds: int
    in_flight: int


class Burning:
    def __init__(
        self,
        *,
        database: Database,
        chain: Chain,
        custody: Custody,
        terms: BatchTerms,
        holder: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """`holder` names this process among those that share the wallet."""
        self._database = database
        self._chain = chain
        self._custody = custody
        self._terms = terms
        self._holder = holder
        self._clock = clock
        self._ids = ids
        self._policy_id = custody.asset.policy_id
        self._lease = f"wallet {self._policy_id}"
        self._fence = 0
        self._signing = Signing(chain=chain, custody=custody, clock=clock)
        self._watching = Watching(
            database=database,
            chain=chain,
            policy_id=self._policy_id,
            required=terms.confirmations,
            clock=clock,
        )

    @property
    def shortage(self) -> str:
        """Why nothing can be signed at the moment; empty when it can."""
        return self._signing.shortage

    async def step(self) -> bool:
        """Move on; False when another holds the wallet, or nothing is in flight and nothing is due.

        Errors: ChainUnavailable, StorageUnavailable.
        """
        fence = await self._database.transact(
            lambda tx: lease.take(tx, self._lease, self._holder, self._clock(), LEASE_SECONDS)
        )
        if fence is None:
            return False
        self._fence = fence
        try:
            return await self._step()
        except LeaseLost:
            log.warning("the wallet's lease was lost; another process goes on")
            return False

    async def _step(self) -> bool:
        flights = await self._database.read(lambda tx: store.flights(tx, self._policy_id))
        if flights:
            # The tip first: what is looked up later can only be newer, so absence is never believed too early.
            tip = await self._chain.tip()
            for flight in flights:
                await self._advance(flight, tip)
        return await self._open_next()

    async def _advance(self, looked_at: Flight, tip: Tip) -> None:
        # Read again: a batch before it may have been replaced, and this one with it.
        flight = await self._database.read(lambda tx: store.flight(tx, looked_at.batch.id))
        assert flight is not None
        sighting, seen = (
            await look(self._chain, flight.attempt, tip) if flight.batch.state != "open" else (None, None)
        )
        expiry_slot = flight.attempt.expiry_slot if flight.attempt else None
        state = flight.batch.state
        step = next_step(state, expiry_slot, seen, self._terms.confirmations)  # type: ignore[arg-type] # see CHECK
        if state == "confirmed":
            await self._watching.watch(flight, step, sighting, tip, self._transact)
            return
        if step.action is Action.SIGN:
            if not await self._is_parked():
                await self._signing.sign(flight.batch, self._transact)
            return
        await self._move(flight, step, sighting)
        if step.action is Action.SUBMIT and self._is_due(flight):
            await self._submit(flight)

    def _is_due(self, flight: Flight) -> bool:
        """Not while it is most likely waiting in the mempool; at once after a rollback."""
        assert flight.attempt is not None
        last = flight.attempt.submitted_at
        waited = last is None or self._clock() - last >= self._terms.resubmit_seconds
        return waited or flight.batch.state != "submitted"

    async def _move(self, flight: Flight, step: Step, sighting: Sighting | None) -> None:
        batch, attempt = flight.batch, flight.attempt
        assert attempt is not None
        if batch.state == step.state and (sighting.confirmations if sighting else 0) == batch.confirmations:
            return
        if step.state == "lost" != batch.state:
            log.warning("burn batch %s was rolled back; the same bytes are submitted again", batch.id)
        if step.state == "confirmed":
            log.info("burn batch %s of %d is confirmed in %s", batch.id, batch.size, attempt.tx_hash)
        if step.state in {"signed", "submitted"} and batch.state in {"signed", "submitted"}:
            return  # `_submit` says so itself, in the transaction before the bytes leave
        await self._transact(
            lambda tx: store.move_batch(
                tx, batch, step.state, self._clock(), tx_hash=attempt.tx_hash, sighting=sighting
            )
        )
        failpoint(f"burn.{step.state}")

    async def _submit(self, flight: Flight) -> None:
        attempt = flight.attempt
        assert attempt is not None
        await self._transact(
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

    async def _open_next(self) -> bool:
        taken = await self._transact(self._take)
        if taken is not None:
            failpoint("burn.taken")
            await self._signing.sign(taken.batch, self._transact)
            return True
        return await self._database.read(lambda tx: store.count_in_flight(tx, self._policy_id)) > 0

    def _take(self, tx: Transaction) -> Flight | None:
        """A new batch when one is due and there is room; none while one waits for tokens, or is parked."""
        states = store.states(tx, self._policy_id)
        flying = sum(states.get(state, 0) for state in IN_FLIGHT)
        if flying >= self._terms.in_flight or states.get("open") or states.get("parked"):
            return None
        now = self._clock()
        count, oldest = store.waiting(tx)
        age = now - oldest if oldest is not None else 0
        if not batch_is_due(count, age, size=self._terms.size, seconds=self._terms.seconds):
            return None
        batch_id = self._ids()
        store.take_batch(tx, batch_id, self._policy_id, self._terms.size, now)
        failpoint("burn.taking")
        return store.flight(tx, batch_id)

    async def _transact(self, fn: Callable[[Transaction], T]) -> T:
        def fenced(tx: Transaction) -> T:
            lease.check(tx, self._lease, self._holder, self._fence)
            return fn(tx)

        return await self._database.transact(fenced)

    async def resume(self) -> int:
        """A person looked: parked batches are brought back, by the same bytes first. How many. Errors: LeaseLost."""
        fence = await self._database.transact(
            lambda tx: lease.take(tx, self._lease, self._holder, self._clock(), LEASE_SECONDS)
        )
        if fence is None:
            raise LeaseLost("another process holds the wallet")
        self._fence = fence

        def resume_parked(tx: Transaction) -> int:
            resumed = store.resume_parked(tx, self._policy_id, self._clock())
            failpoint("recover.resuming")
            return resumed

        return await self._transact(resume_parked)

    async def close(self) -> None:
        """Give the wallet back, so that the next holder need not wait for the lease to run out."""
        await self._database.transact(lambda tx: lease.give_back(tx, self._lease, self._holder))
