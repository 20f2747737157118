"""What a new attempt may spend, by the record of the wallet's outputs."""

from types import SimpleNamespace
from typing import Any

from paywall.burns import outputs
from paywall.database.engine import Database, Transaction
from shared.cardano.coins import Utxo
from tests.support.world.loop import in_loop

ADDRESS = "addr_test1"
NOW = 1_800_000_000


def output(tx_hash: str) -> Utxo:
    return Utxo(tx_hash * 32, 0, ADDRESS, 5_000_000, {})


def built(tx_hash: str, *inputs: Utxo) -> Any:
    return SimpleNamespace(id=tx_hash * 32, inputs=inputs, change=(output(tx_hash),))


@in_loop
async def test_what_successors_of_an_earlier_attempt_were_to_spend_besides_is_free(
    database: Database,
) -> None:
    """They go with it. Its batch waited for ever for an output that its own successor held."""
    gone, there, own = output("aa"), output("bb"), output("cc")

    def story(tx: Transaction) -> list[Utxo]:
        outputs.learn(tx, [gone, there, own], NOW)
        outputs.spend(tx, built("a1", gone), NOW)
        outputs.spend(tx, built("b1", output("a1"), there), NOW)
        outputs.spend(tx, built("c1", output("b1"), own), NOW)
        shown = {there.reference, own.reference}
        return outputs.spendable(tx, ADDRESS, shown, attempts=["a1" * 32])

    assert sorted(one.reference for one in await database.transact(story)) == [there.reference, own.reference]


@in_loop
async def test_what_other_batches_are_to_spend_is_not_free(database: Database) -> None:
    gone, there = output("aa"), output("bb")

    def story(tx: Transaction) -> list[Utxo]:
        outputs.learn(tx, [gone, there], NOW)
        outputs.spend(tx, built("a1", gone), NOW)
        outputs.spend(tx, built("b1", there), NOW)
        return outputs.spendable(tx, ADDRESS, {there.reference}, attempts=["a1" * 32])

    assert await database.transact(story) == []
