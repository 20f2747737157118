"""The devnet's chain against a model that keeps nothing but the list of transactions."""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from paywall.devnet.blockfrost.transactions import IndexedOutput, IndexedTransaction, Ref
from paywall.devnet.chain import GENESIS_ID, DevnetChain
from shared.cardano.read.outputs import Output
from shared.cardano.read.transaction import ParsedTransaction

ADDRESSES = ["a", "b", "c"]
GENESIS: dict[Ref, IndexedOutput] = {
    (GENESIS_ID, index): IndexedOutput(Output(address, 100, {}), b"")
    for index, address in enumerate(ADDRESSES)
}


def transaction(
    number: int,
    spent: tuple[Ref, ...],
    addresses: list[str],
    *,
    expiry: int | None = None,
    mint: int = 0,
    size: int = 1,
) -> IndexedTransaction:
    """As the ledger would have accepted it; `number` makes its id."""
    outputs = tuple(IndexedOutput(Output(address, 1, {}), b"") for address in addresses)
    parsed = ParsedTransaction(
        id=f"{number:064x}",
        size=size,
        inputs=spent,
        outputs=tuple(output.output for output in outputs),
        fee=0,
        expiry_slot=expiry,
        valid_from=None,
        mint={"unit": mint} if mint else {},
        metadata={},
        auxiliary_data_hash_ok=True,
        network_id=None,
        unusual=(),
        signers=(),
    )
    return IndexedTransaction(b"x" * size, parsed, outputs, (), (), (), 0)


@dataclass(frozen=True)
class View:
    """Everything that can be asked of a chain."""

    unspent: dict[Ref, IndexedOutput]
    spent_by: dict[Ref, str]
    transactions: dict[str, list[str]]
    held: dict[str, dict[Ref, IndexedOutput]]
    mints: dict[str, list[tuple[str, int]]]
    places: dict[str, tuple[int, int]]


def view(chain: DevnetChain) -> View:
    return View(
        chain.unspent,
        chain.spent_by,
        {name: found.transactions for name, found in chain.addresses.items() if found.transactions},
        {name: found.unspent for name, found in chain.addresses.items() if found.unspent},
        {unit: events for unit, events in chain.mints.items() if events},
        {name: (place.block.height, place.index) for name, place in chain.places.items()},
    )


class AnyHistory(RuleBasedStateMachine):
    """Blocks are made and rolled back; the indexes always equal those of a chain that saw the rest only."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = DevnetChain(GENESIS)
        self.number = 0

    @rule(data=st.data(), addresses=st.lists(st.sampled_from(ADDRESSES), max_size=3), mint=st.integers(-5, 5))
    def submit(self, data: st.DataObject, addresses: list[str], mint: int) -> None:
        spendable = sorted(self.chain.spendable())
        if not spendable:
            return
        spent = data.draw(st.lists(st.sampled_from(spendable), min_size=1, max_size=3, unique=True))
        self.number += 1
        self.chain.accept(transaction(self.number, tuple(spent), addresses, mint=mint))

    @rule()
    def produce(self) -> None:
        waiting = list(self.chain.mempool)
        block = self.chain.produce(self.chain.tip.slot + 1, fork=0)
        assert [held.id for held in block.transactions] == waiting
        assert self.chain.mempool == {}

    @precondition(lambda self: self.chain.tip.height > 0)
    @rule(data=st.data(), keep=st.booleans())
    def rollback(self, data: st.DataObject, keep: bool) -> None:
        count = data.draw(st.integers(1, self.chain.tip.height))
        expected = [held for block in self.chain.blocks[-count:] for held in block.transactions]
        removed = self.chain.rollback(count)
        assert removed == expected
        self.chain.mempool = {}
        for held in removed if keep else ():
            self.chain.accept(held)

    @invariant()
    def the_indexes_follow_from_the_blocks(self) -> None:
        fresh = DevnetChain(GENESIS)
        for block in self.chain.blocks[1:]:
            fresh.append(block)
        assert view(fresh) == view(self.chain)
        assert set(fresh.by_hash) == set(self.chain.by_hash)


AnyHistory.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestAnyHistory = AnyHistory.TestCase


def test_what_the_mempool_spends_is_not_spendable_and_what_it_makes_is() -> None:
    chain = DevnetChain(GENESIS)
    first = transaction(1, ((GENESIS_ID, 0),), ["a"])
    chain.accept(first)
    chain.accept(transaction(2, ((first.id, 0),), ["b"]))

    assert set(chain.spendable()) == {(GENESIS_ID, 1), (GENESIS_ID, 2), (f"{2:064x}", 0)}


@pytest.mark.parametrize(("slot", "gone"), [(9, False), (10, True), (11, True)])
def test_a_transaction_expires_at_its_slot(slot: int, gone: bool) -> None:
    chain = DevnetChain(GENESIS)
    held = transaction(1, ((GENESIS_ID, 0),), [], expiry=10)
    chain.accept(held)

    assert chain.expired(slot) == ([held] if gone else [])


def test_a_block_takes_the_oldest_that_fit_and_none_that_came_after_one_that_did_not() -> None:
    chain = DevnetChain(GENESIS)
    for index, size in enumerate((90_000, 200, 100)):
        chain.accept(transaction(index + 1, ((GENESIS_ID, index),), [], size=size))

    assert [len(chain.produce(slot, 0).transactions) for slot in (1, 2, 3)] == [1, 2, 0]


def test_a_block_made_anew_after_a_rollback_has_another_hash() -> None:
    chain = DevnetChain(GENESIS)
    first = chain.produce(1, fork=0).hash
    chain.rollback(1)

    assert chain.produce(1, fork=1).hash != first


@pytest.mark.parametrize("name", ["2", "-1", "", "1x", "²", "00" * 32])
def test_a_block_that_is_not_there_is_none(name: str) -> None:
    chain = DevnetChain(GENESIS)
    chain.produce(1, 0)

    assert chain.block(name) is None


@pytest.mark.parametrize("count", [-1, 2])
def test_more_blocks_than_there_are_cannot_be_rolled_back(count: int) -> None:
    chain = DevnetChain(GENESIS)
    chain.produce(1, 0)

    with pytest.raises(ValueError, match="1 blocks"):
        chain.rollback(count)

    assert chain.tip.height == 1
