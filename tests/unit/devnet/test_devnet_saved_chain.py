"""The devnet's state on disk."""

from pathlib import Path

import pytest

from paywall.devnet.blockfrost.transactions import IndexedTransaction, index
from paywall.devnet.chain import Block
from paywall.devnet.saved_chain import DevnetOptions, SavedBlock, StateInUse, Store
from tests.support.world.wallets.devnet_wallet import Coin, Wallet

FRESH = DevnetOptions(genesis_time=1_700_000_000, faucet_seed=b"\x01" * 32)


def transaction(number: int) -> IndexedTransaction:
    wallet = Wallet(1)
    return index(wallet.sign(wallet.body(Coin(f"{number:064x}", 0, 5_000_000, {}))))


def block(height: int, *held: IndexedTransaction) -> Block:
    return Block(height, height * 10, f"hash {height}", None, held)


def reopened(store: Store, path: Path) -> Store:
    store.close()
    return Store(path, DevnetOptions(genesis_time=0, faucet_seed=b""))


def test_blocks_mempool_and_settings_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "chain.sqlite"
    store = Store(path, FRESH)
    first, second, waiting = (transaction(number) for number in range(3))
    for held in (first, second, waiting):
        store.accept(held)
    store.produce(block(1, first, second))
    store.produce(block(2))
    store.skip(7)

    store = reopened(store, path)

    assert store.settings() == DevnetOptions(1_700_000_000, b"\x01" * 32, skipped_slots=7)
    assert list(store.blocks()) == [
        SavedBlock(10, "hash 1", (first.raw, second.raw)),
        SavedBlock(20, "hash 2", ()),
    ]
    assert store.mempool() == [waiting.raw]
    store.close()


def test_a_rollback_leaves_the_lower_blocks_and_the_given_mempool_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "chain.sqlite"
    store = Store(path, FRESH)
    first, second, third = (transaction(number) for number in range(3))
    for height, held in enumerate((first, second), start=1):
        store.accept(held)
        store.produce(block(height, held))
    store.accept(third)

    store.rollback(1, [second, third])
    store = reopened(store, path)

    assert list(store.blocks()) == [SavedBlock(10, "hash 1", (first.raw,))]
    assert store.mempool() == [second.raw, third.raw]
    assert store.settings().fork == 1
    store.close()


def test_only_what_waits_can_be_dropped(tmp_path: Path) -> None:
    store = Store(tmp_path / "chain.sqlite", FRESH)
    first, second = transaction(1), transaction(2)
    store.accept(first)
    store.produce(block(1, first))
    store.accept(second)

    store.drop([first.id, second.id])

    assert store.mempool() == []
    assert list(store.blocks()) == [SavedBlock(10, "hash 1", (first.raw,))]
    store.close()


def test_a_file_in_use_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "chain.sqlite", FRESH)

    with pytest.raises(StateInUse, match="another devnet may be running on it"):
        Store(tmp_path / "chain.sqlite", FRESH)

    store.close()
