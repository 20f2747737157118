"""Where the chain has a batch, and what becomes of one that was final and is gone."""

import logging

from paywall.burns import store
from paywall.burns.signing import Transact
from paywall.burns.states import Absent, OnChain, Step, state_off_chain
from paywall.burns.store import Flight, Sighting
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.clock import Clock
from paywall.database.engine import Database
from paywall.ops.failpoints import failpoint
from shared.chain.base import Chain, Tip, confirmations

log = logging.getLogger("paywall.burns")
#: how many confirmed batches are looked at when the newest is gone
DEEPEST = 200


async def look(
    chain: Chain, attempt: BurnAttemptRow | None, tip: Tip
) -> tuple[Sighting | None, OnChain | Absent | None]:
    """Where an attempt stands on the chain whose newest block was `tip`. Errors: ChainUnavailable."""
    if attempt is None:
        return None, None
    inclusion = await chain.inclusion(attempt.tx_hash)
    if inclusion is None:
        return None, Absent(tip.slot)
    deep = max(confirmations(tip, inclusion), 1)
    return Sighting(inclusion.block_hash, inclusion.height, deep), OnChain(deep)


class Watching:
    """Over the newest final batch: while it stands, so do those in the blocks before it."""

    def __init__(
        self, *, database: Database, chain: Chain, policy_id: str, required: int, clock: Clock
    ) -> None:
        self._database = database
        self._chain = chain
        self._policy_id = policy_id
        self._required = required
        self._clock = clock

    async def watch(
        self, flight: Flight, step: Step, sighting: Sighting | None, tip: Tip, transact: Transact[object]
    ) -> None:
        """Count it one deeper than we ask, and put back what a rollback took."""
        batch = flight.batch
        if step.state == "parked":
            await self._put_back(batch, tip, transact)
        elif sighting is not None and batch.confirmations <= self._required < sighting.confirmations:
            await transact(
                lambda tx: store.move_batch(
                    tx, batch, "confirmed", self._clock(), tx_hash=batch.tx_hash, sighting=sighting
                )
            )

    async def _put_back(self, newest: BurnBatchRow, tip: Tip, transact: Transact[object]) -> None:
        """Off the chain: lost, and landed again, up to the depth we ask; parked for a person beyond it."""
        rows = await self._database.read(lambda tx: store.newest_confirmed(tx, self._policy_id, DEEPEST))
        for row in rows:
            attempt = await self._database.read(lambda tx, row=row: store.newest_attempt(tx, row.id))  # type: ignore[misc]
            sighting, _ = await look(self._chain, attempt, tip)
            if sighting is not None:
                return
            deepest = newest.confirmations + (newest.block_height or 0) - (row.block_height or 0)
            state = state_off_chain(deepest, self._required)
            failpoint("recover.parking")
            log.error("burn batch %s was final and is off the chain: %s", row.id, state)
            await transact(
                lambda tx, row=row, state=state: store.move_batch(  # type: ignore[misc]
                    tx, row, state, self._clock(), tx_hash=row.tx_hash
                )
            )
            failpoint("recover.parked")
