"""What a new attempt of a batch must spend, so that it can stand on no chain beside an earlier one: pure reading.

Two attempts that spend one output can never both land, whatever forks come and go, and whatever has expired on
them. All attempts of a batch therefore share one input, its anchor. Where an earlier attempt was built on change
that was never made (its maker was replaced), the anchor is what that maker spent; and where one of ours spends
the anchor now, what is left of it by way of change: who spends the change needs its maker on the chain, which
rules out whatever else spends the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from paywall.burns import store
from paywall.burns.tables import BurnAttemptRow, WalletOutputRow
from paywall.database.engine import Transaction
from shared.cardano.coins import OutputReference
from shared.cardano.read.transaction import parse


@dataclass(frozen=True, slots=True)
class Anchors:
    """`must_spend` rules out every earlier attempt but the `loose` ones, for which there is nothing to spend."""

    must_spend: list[OutputReference]
    loose: list[BurnAttemptRow]


def anchors(
    tx: Transaction, earlier: Sequence[BurnAttemptRow], spendable: Collection[OutputReference]
) -> Anchors:
    """As few outputs of `spendable` as rule out the `earlier` attempts: one, for as long as it is there."""
    ends = {one.tx_hash: _ends(tx, one, spendable) for one in earlier}
    left = [found for found in ends.values() if found]
    chosen: list[OutputReference] = []
    while left:
        # That of the most attempts, and the same again each time.
        best = max(sorted(set().union(*left)), key=lambda one: sum(one in found for found in left))
        chosen.append(best)
        left = [found for found in left if best not in found]
    return Anchors(chosen, [one for one in earlier if not ends[one.tx_hash]])


@dataclass(frozen=True, slots=True)
class AttemptNeeds:
    """What must be unspent for an attempt to land: its inputs, and those of the replaced ones that it builds on.

    `attempts` are the hashes of it and of those.
    """

    outputs: set[OutputReference]
    attempts: set[str]

    def exclude(self, output: OutputReference, spender: str) -> bool:
        """Whether such an attempt cannot land beside a transaction that spends that output."""
        return output in self.outputs and spender not in self.attempts


def needs(tx: Transaction, attempt: BurnAttemptRow) -> AttemptNeeds:
    found = AttemptNeeds(set(), {attempt.tx_hash})
    queue = [attempt]
    while queue:
        for spent in parse(queue.pop().transaction).inputs:
            maker = store.attempt(tx, spent[0])
            if spent not in found.outputs and maker is not None and not store.stands(tx, maker):
                queue.append(maker)
                found.attempts.add(maker.tx_hash)
            found.outputs.add(spent)
    return found


def _ends(
    tx: Transaction, attempt: BurnAttemptRow, spendable: Collection[OutputReference]
) -> set[OutputReference]:
    ends = {_end(tx, one, spendable) for one in needs(tx, attempt).outputs}
    return {end for end in ends if end is not None}


def _end(
    tx: Transaction, output: OutputReference, spendable: Collection[OutputReference]
) -> OutputReference | None:
    """What is left of an output: itself, or the change of our attempt that spends it, and so on."""
    passed: set[str] = set()
    while output not in spendable:
        row = tx.session.get(WalletOutputRow, output)
        if row is None or row.spent_by is None or row.spent_by in passed:
            return None
        passed.add(row.spent_by)
        output = (row.spent_by, 0)  # a burn's one output
    return output
