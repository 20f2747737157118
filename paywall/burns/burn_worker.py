"""Step 4 of a request: waiting burns → batch → one stored, signed transaction → submit → k confirmations.

Each call of `step` takes the wallet's lease and moves every batch in flight as far as the chain allows. All it
knows is in the database, so it does not matter when it is killed, or who calls it next. Batches chain on their
own change without waiting for confirmation.
"""

import logging

from paywall.burns import outputs, store
from paywall.burns.custody import Custody
from paywall.burns.lease import LeaseHolder, LeaseLost, WalletLease
from paywall.burns.signing import BatchSigner
from paywall.burns.states import IN_FLIGHT, BatchTerms, batch_is_due
from paywall.burns.tables import BurnBatchRow
from paywall.burns.wallet.base import WalletChain
from paywall.burns.wallet.forming import BurnsTaken, DraftBatch, draft_batch, form_batch
from paywall.burns.wallet.looking import WalletView
from paywall.burns.watching import BatchWatcher
from paywall.clock import Clock, Ids
from paywall.database.engine import Database, Transaction
from paywall.ops.failpoints import failpoint
from shared.cardano.coins import burnable

log = logging.getLogger("paywall.burns")
LEASE_SECONDS = 15


class BurnWorker:
    """Burns from one custodial wallet. `holder` names this process among those that share the wallet."""

    def __init__(
        self,
        *,
        database: Database,
        chain: WalletChain,
        custody: Custody,
        terms: BatchTerms,
        holder: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """`holder` names this process among those that share the wallet."""
        self._database = database
        self._chain = chain
        self._terms = terms
        self._clock = clock
        self._ids = ids
        self._policy_id = custody.asset.policy_id
        self._custody = custody
        self._holder = LeaseHolder(
            database, f"wallet {self._policy_id}", holder, clock=clock, seconds=LEASE_SECONDS
        )
        self._unit = custody.asset.unit
        self._view = WalletView(chain=chain, custody=custody, clock=clock)
        self._signer = BatchSigner(chain=chain, custody=custody, view=self._view, terms=terms, clock=clock)
        self._watcher = BatchWatcher(
            database=database,
            chain=chain,
            signer=self._signer,
            policy_id=self._policy_id,
            terms=terms,
            clock=clock,
        )

    async def prepare(self) -> None:
        """Before the first step, so that no request waits for what the first burn needs."""
        await self._custody.prepare()

    async def step(self) -> bool:
        """Move on; False when another holds the wallet, or nothing is in flight and nothing is due.

        Errors: ChainUnavailable, StorageUnavailable.
        """
        lease = await self._holder.take()
        if lease is None:
            return False
        try:
            await self._view.refresh(lease)
            await self._advance(lease)
            return await self._open_next(lease)
        except LeaseLost:
            log.warning("the wallet's lease was lost; another process goes on")
            return False

    async def _advance(self, lease: WalletLease) -> None:
        flights = await self._database.read(lambda tx: store.flights(tx, self._policy_id))
        if not flights:
            return
        # The tip first: what is looked up later can only be newer, so absence is never believed too early.
        tip = await self._chain.tip()
        for flight in flights:
            await self._watcher.advance(lease, flight.batch.id, tip)

    async def _open_next(self, lease: WalletLease) -> bool:
        """All batches that are due: burns that came in a rush do not wait for a look at the chain each thousand."""
        opened = await self._open(lease)
        if opened is None:
            return await self._database.read(lambda tx: store.count_in_flight(tx, self._policy_id)) > 0
        while opened is not None:
            failpoint("burn.taken")
            is_signed = await self._signer.sign(lease, opened)
            opened = await self._open(lease) if is_signed else None
        return True

    async def _open(self, lease: WalletLease) -> BurnBatchRow | None:
        """A new batch when one is due and there is room; none while one waits for tokens, or is parked."""
        draft = await self._database.read(self._draft)
        if draft is None:
            return None

        def form(tx: Transaction) -> BurnBatchRow:
            batch = form_batch(tx, self._ids(), self._policy_id, draft, self._clock())
            failpoint("burn.taking")
            return batch

        try:
            return await lease.transact(form)
        except BurnsTaken:
            # By another step of ours, or for a wallet of another policy: the next step drafts anew.
            return None

    def _draft(self, tx: Transaction) -> DraftBatch | None:
        """The burns of the next batch, when it is due.

        It takes no more than the wallet can burn in one transaction: what is closed into a batch stays in it.
        """
        states = store.states(tx, self._policy_id)
        flying = sum(states.get(state, 0) for state in IN_FLIGHT)
        if flying >= self._terms.in_flight or states.get("open") or states.get("parked"):
            return None
        count, oldest = store.waiting(tx, most=self._terms.size)
        age = self._clock() - oldest if oldest is not None else 0
        if not batch_is_due(count, age, size=self._terms.size, seconds=self._terms.seconds):
            return None
        return draft_batch(tx, self._terms.size, tokens=burnable(outputs.unspent(tx), self._unit))

    async def resume(self) -> int:
        """A person looked: parked batches are brought back, by the same bytes first. How many. Errors: LeaseLost."""
        lease = await self._holder.take()
        if lease is None:
            raise LeaseLost("another process holds the wallet")
        return await lease.transact(self._resume_parked)

    def _resume_parked(self, tx: Transaction) -> int:
        resumed = store.resume_parked(tx, self._policy_id, self._clock())
        failpoint("recover.resuming")
        return resumed

    async def close(self) -> None:
        """Give the wallet back, so that the next holder need not wait for the lease to run out."""
        await self._holder.give_back()
