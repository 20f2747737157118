"""New bytes for a batch: chosen from our own outputs, guarded, signed, and stored before anybody may submit them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from paywall.burns import outputs, store
from paywall.burns.custody import BurnOrder, Custody
from paywall.burns.lease import WalletLease
from paywall.burns.states import BatchTerms
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.burns.wallet.anchors import Anchors, AttemptNeeds, anchors, needs
from paywall.burns.wallet.base import WalletChain
from paywall.burns.wallet.forming import dissolve
from paywall.burns.wallet.looking import WalletView
from paywall.burns.wallet.rivals import RivalChange, Rivals, RivalSpend
from paywall.burns.wallet.vanished import Vanished
from paywall.clock import Clock
from paywall.database.engine import Transaction
from paywall.ops.failpoints import failpoint
from shared.cardano.coins import Shortage, Utxo, burnable
from shared.cardano.draft import Built
from shared.cardano.metadata import BatchCommitment
from shared.cardano.read.transaction import parse
from shared.chain.depth import is_past

log = logging.getLogger("paywall.burns")


class BatchUnsignable(Exception):
    """The wallet cannot burn this batch at the moment; a sentence for the operator says why."""


@dataclass(frozen=True, slots=True)
class WalletOutputs:
    """What an attempt of one batch may spend, and must, so that none of the earlier ones can stand beside it."""

    spendable: list[Utxo]
    anchors: Anchors


class BatchSigner:
    """Makes the transaction of a batch: builds, guards, signs and stores it."""

    def __init__(
        self, *, chain: WalletChain, custody: Custody, view: WalletView, terms: BatchTerms, clock: Clock
    ) -> None:
        self._chain = chain
        self._custody = custody
        self._view = view
        self._rivals = Rivals(chain, custody.address)
        self._vanished = Vanished(terms.final_depth)
        self._terms = terms
        self._clock = clock
        #: why the last batch could not be signed; empty when it could
        self._shortage = ""

    async def sign(self, lease: WalletLease, batch: BurnBatchRow) -> bool:
        """→ signed; False when it must wait as it was, or its burns wait anew, for the wallet has too few tokens.

        Errors: ChainUnavailable, LeaseLost.
        """
        try:
            built = await self._build(lease, batch)
        except BatchUnsignable as reason:
            self._note_shortage(str(reason))
            return False
        self._note_shortage("")
        failpoint("burn.built")
        await lease.transact(lambda tx: self._store(tx, batch, built))
        failpoint("burn.signed")
        return True

    async def is_hopeless(self, lease: WalletLease, attempt: BurnAttemptRow) -> bool:
        """Whether an attempt that the ledger refused can never land as it is: what it costs has changed, or
        another's spending of its inputs is final. Errors: ChainUnavailable, LeaseLost.

        Signing anew at once is safe: the next attempt spends an anchor, or what is left of who spent it (`_rule_out`).
        """
        found = await self._view.look(lease)
        if await self._custody.is_outdated(self._chain, attempt.transaction):
            return True
        seen = {utxo.reference for utxo in found}
        gone = {spent for spent in parse(attempt.transaction).inputs if spent not in seen}
        rival = await self._rivals.deepest(AttemptNeeds(gone, {attempt.tx_hash}))
        return rival is not None and rival.confirmations >= self._terms.confirmations

    def _note_shortage(self, shortage: str) -> None:
        if shortage and shortage != self._shortage:
            log.warning(shortage)
        self._shortage = shortage

    async def _build(self, lease: WalletLease, batch: BurnBatchRow) -> Built:
        """Errors: BatchUnsignable, ChainUnavailable, LeaseLost."""
        on_chain = await self._view.look(lease)
        # Only read, while others write: what is made of it is stored under the lease, or not at all.
        wallet = await lease.database.read(lambda tx: self._read_wallet(tx, batch, on_chain))
        must_spend = dict.fromkeys(wallet.anchors.must_spend)
        excluded: list[RivalChange | RivalSpend] = []
        waits: list[BatchUnsignable] = []
        for attempt in wallet.anchors.loose:
            wanted = await lease.transact(partial(needs, attempt=attempt))
            if not any(wanted.exclude(one.output, one.tx_hash) for one in excluded):
                try:
                    excluded += await self._rule_out(batch, attempt, wanted, wallet.spendable)
                except BatchUnsignable as reason:
                    waits.append(reason)  # the others' time of waiting is to pass as well
        if waits:
            raise waits[0]
        must_spend |= dict.fromkeys(one.left for one in excluded if isinstance(one, RivalChange))
        order = BurnOrder(_committed(batch), must_spend=list(must_spend))
        try:
            return await self._custody.sign_burn(self._chain, wallet.spendable, order)
        except Shortage as shortage:
            if burnable(wallet.spendable, self._custody.asset.unit) < batch.quantity:
                await lease.transact(lambda tx: dissolve(tx, batch.id))
            raise BatchUnsignable(
                f"the custodial wallet cannot burn {batch.quantity} tokens: {shortage}"
            ) from shortage

    def _read_wallet(self, tx: Transaction, batch: BurnBatchRow, on_chain: list[Utxo]) -> WalletOutputs:
        earlier = store.attempts(tx, batch.id)
        seen = {utxo.reference for utxo in on_chain}
        ours = outputs.spendable(tx, self._custody.address, seen, attempts=[one.tx_hash for one in earlier])
        return WalletOutputs(ours, anchors(tx, earlier, {utxo.reference for utxo in ours}))

    async def _rule_out(
        self, batch: BurnBatchRow, attempt: BurnAttemptRow, wanted: AttemptNeeds, spendable: Sequence[Utxo]
    ) -> list[RivalChange | RivalSpend]:
        """What stands in the way of an earlier attempt that our record has no anchor for: change that new bytes must
        spend, or another's spending that is final; nothing for one that can never land.

        Errors: BatchUnsignable, ChainUnavailable.
        """
        change = await self._rivals.change(wanted, spendable)
        if change is not None:
            self._vanished.end(attempt.tx_hash)
            log.warning("an earlier attempt of burn batch %s is ruled out by %s", batch.id, change.left[0])
            return [change]
        rival = await self._rivals.deepest(wanted)
        if rival is None:
            if await self._is_out_of_reach(attempt, wanted):
                log.warning(
                    "burn batch %s is free: %s is out of reach of any fork", batch.id, attempt.tx_hash
                )
                return []
            raise BatchUnsignable(
                f"burn batch {batch.id} waits: the outputs that its transaction spends are gone"
            )
        self._vanished.end(attempt.tx_hash)
        spent = f"{rival.output[0]}#{rival.output[1]} was spent by {rival.tx_hash}"
        if rival.confirmations < self._terms.confirmations:
            raise BatchUnsignable(f"burn batch {batch.id} waits: {spent}, until that is final")
        log.warning("burn batch %s is free: %s, and final", batch.id, spent)
        return [rival]

    async def _is_out_of_reach(self, attempt: BurnAttemptRow, wanted: AttemptNeeds) -> bool:
        """Whether it can stand on no chain: its expiry lies deeper than forks go, and for as long a maker of what it
        needs was not shown.
        """
        height = await self._rivals.out_of_reach(wanted)
        if height is None:
            self._vanished.end(attempt.tx_hash)
            return False
        if not self._vanished.note(attempt.tx_hash, height):
            return False
        return await is_past(
            self._chain, await self._chain.tip(), attempt.expiry_slot, self._terms.final_depth
        )

    def note_shown(self, tx_hash: str) -> None:
        """The chain shows that attempt."""
        self._vanished.end(tx_hash)

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
