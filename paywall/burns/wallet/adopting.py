"""A batch goes over to another of its attempts: one that was given up, and is on the chain after all.

The chain's index hides a transaction for a while, or our node was on another fork. What counts is what stands.
"""

from paywall.burns import outputs, store
from paywall.burns.store import Sighting
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.database.engine import Transaction
from paywall.ops.failpoints import failpoint
from shared.cardano.coins import OutputReference, Utxo
from shared.cardano.read.transaction import parse


def adopt(
    tx: Transaction,
    looked_at: BurnBatchRow,
    attempt: BurnAttemptRow,
    *,
    state: str,
    sighting: Sighting,
    now: int,
) -> bool:
    """The batch is where `attempt` is, and the wallet's outputs are as it leaves them.

    False, and nothing changed, when another worker has moved the batch on since. The batch's other attempts,
    and whatever was to spend the same outputs, can never land.
    """
    if not store.move_batch(tx, looked_at, state, now, tx_hash=attempt.tx_hash, sighting=sighting):
        return False
    failpoint("recover.adopting")
    others = [one.tx_hash for one in store.attempts(tx, looked_at.id) if one.tx_hash != attempt.tx_hash]
    outputs.undo(tx, others)
    parsed = parse(attempt.transaction)
    for spent in parsed.inputs:
        _learn_again(tx, spent, now)
    outputs.stand(tx, attempt.tx_hash, parsed.inputs, change(attempt), now)
    return True


def note_standing(tx: Transaction, tx_hash: str, now: int) -> None:
    """What a standing attempt spends is spent: its maker was hidden and given up, which freed its outputs.

    One that does not stand is left to the watcher, who adopts it.
    """
    attempt = store.attempt(tx, tx_hash)
    if attempt is not None and store.stands(tx, attempt):
        outputs.stand(tx, tx_hash, parse(attempt.transaction).inputs, change(attempt), now)


def change(attempt: BurnAttemptRow) -> list[Utxo]:
    """The outputs of one of our attempts: its guard let none pass that does not come back to us."""
    parsed = parse(attempt.transaction)
    return [
        Utxo(parsed.id, index, output.address, output.lovelace, output.tokens)
        for index, output in enumerate(parsed.outputs)
    ]


def _learn_again(tx: Transaction, spent: OutputReference, now: int) -> None:
    """The change of an attempt that was given up was struck out: it is there, for somebody spent it."""
    maker = store.attempt(tx, spent[0])
    if maker is not None:
        outputs.learn(tx, change(maker), now, made_by=maker.tx_hash)
