"""The devnet's chain as a pure state machine: mempool, blocks, rollback, and the indexes for answers.

It believes what it is given: the ledger rules have judged every transaction before it comes here. Slots are
seconds since genesis; the caller says which slot it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from paywall.devnet.blockfrost.transactions import IndexedOutput, IndexedTransaction, Ref, Script

MAX_BLOCK_BYTES = 90112
MAX_HEIGHT_DIGITS = 18
GENESIS_ID = "00" * 32


@dataclass(frozen=True, slots=True)
class Block:
    """A block; `height` and `slot` are 0 for genesis."""

    height: int
    slot: int
    hash: str
    previous: str | None
    transactions: tuple[IndexedTransaction, ...]


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """Where a transaction is on the chain."""

    block: Block
    index: int
    transaction: IndexedTransaction


@dataclass(slots=True)
class AddressIndex:
    """What Blockfrost knows of an address: its transactions, oldest first, and its unspent outputs."""

    transactions: list[str] = field(default_factory=list)
    unspent: dict[Ref, IndexedOutput] = field(default_factory=dict)


class DevnetChain:
    """Starts at a genesis block that holds `genesis`, outputs of a transaction whose id is all zeros."""

    def __init__(self, genesis: Mapping[Ref, IndexedOutput]) -> None:
        named = (output.raw.hex() for output in genesis.values())  # so that no two devnets share a hash
        self.blocks = [Block(0, 0, _block_hash("", 0, 0, 0, named), None, ())]
        self.by_hash = {self.blocks[0].hash: self.blocks[0]}
        self.mempool: dict[str, IndexedTransaction] = {}
        self.places: dict[str, BlockPlace] = {}
        self.outputs = dict(genesis)  # every output ever confirmed
        self.unspent = dict(genesis)  # confirmed and not spent by a confirmed transaction
        self.spent_by: dict[Ref, str] = {}
        self.addresses: dict[str, AddressIndex] = {}
        self.mints: dict[str, list[tuple[str, int]]] = {}  # unit to (transaction id, quantity), oldest first
        self.scripts: dict[str, Script] = {}
        for ref, output in genesis.items():
            self._address(output).unspent[ref] = output

    @property
    def tip(self) -> Block:
        """The newest block."""
        return self.blocks[-1]

    def block(self, name: str) -> Block | None:
        """A block by its hash or its height in decimal."""
        if len(name) > MAX_HEIGHT_DIGITS:  # a hash may consist of digits alone
            return self.by_hash.get(name)
        height = int(name) if name.isascii() and name.isdigit() else len(self.blocks)
        return self.blocks[height] if height < len(self.blocks) else None

    def age(self, ref: Ref) -> tuple[int, int, int]:
        """Sorts confirmed outputs, oldest first."""
        place = self.places.get(ref[0])
        return (place.block.height, place.index, ref[1]) if place else (0, 0, ref[1])

    def accept(self, transaction: IndexedTransaction) -> None:
        """Puts a transaction behind the others in the mempool."""
        self.mempool[transaction.id] = transaction

    def spendable(self) -> dict[Ref, IndexedOutput]:
        """What a new transaction may spend: confirmed outputs and the mempool's own."""
        view = dict(self.unspent)
        for transaction in self.mempool.values():
            view.update(transaction.created())
            for ref in transaction.parsed.inputs:
                view.pop(ref, None)
        return view

    def expired(self, slot: int) -> list[IndexedTransaction]:
        """Mempool transactions that no block at `slot` may hold any more."""
        return [
            transaction
            for transaction in self.mempool.values()
            if transaction.parsed.expiry_slot is not None and transaction.parsed.expiry_slot <= slot
        ]

    def produce(self, slot: int, fork: int) -> Block:
        """Moves the mempool, oldest first, into one block of at most 90,112 bytes.

        `fork` counts the rollbacks so far, so that a block made anew after one has a hash of its own.
        """
        room, taken = MAX_BLOCK_BYTES, []
        for transaction in self.mempool.values():
            room -= len(transaction.raw)
            if room < 0:
                break
            taken.append(transaction)
        ids = [transaction.id for transaction in taken]
        height = self.tip.height + 1
        name = _block_hash(self.tip.hash, height, slot, fork, ids)
        return self.append(Block(height, slot, name, self.tip.hash, tuple(taken)))

    def append(self, block: Block) -> Block:
        """Adds a block that was produced, now or before; its transactions leave the mempool."""
        self.blocks.append(block)
        self.by_hash[block.hash] = block
        for index, transaction in enumerate(block.transactions):
            self.mempool.pop(transaction.id, None)
            self.places[transaction.id] = BlockPlace(block, index, transaction)
            self._apply(transaction)
        return block

    def rollback(self, count: int) -> list[IndexedTransaction]:
        """Removes the newest `count` blocks; returns their transactions, oldest first.

        The mempool is left as it is: the caller has the ledger judge it again.
        """
        if not 0 <= count < len(self.blocks):
            raise ValueError(f"there are {self.tip.height} blocks to roll back")
        removed: list[IndexedTransaction] = []
        for _ in range(count):
            block = self.blocks.pop()
            del self.by_hash[block.hash]
            for transaction in reversed(block.transactions):
                del self.places[transaction.id]
                self._undo(transaction)
                removed.append(transaction)
        return removed[::-1]

    def _apply(self, transaction: IndexedTransaction) -> None:
        for address in self._touched(transaction):
            self.addresses.setdefault(address, AddressIndex()).transactions.append(transaction.id)
        for ref in transaction.parsed.inputs:
            output = self.unspent.pop(ref)
            del self._address(output).unspent[ref]
            self.spent_by[ref] = transaction.id
        for ref, output in transaction.created():
            self.outputs[ref] = self.unspent[ref] = output
            self._address(output).unspent[ref] = output
        for unit, quantity in transaction.parsed.mint.items():
            self.mints.setdefault(unit, []).append((transaction.id, quantity))
        self.scripts.update({script.hash: script for script in transaction.scripts})

    def _undo(self, transaction: IndexedTransaction) -> None:
        for unit in transaction.parsed.mint:
            self.mints[unit].pop()
        for ref, output in transaction.created():
            del self.unspent[ref], self._address(output).unspent[ref]
        for ref in transaction.parsed.inputs:
            output = self.unspent[ref] = self.outputs[ref]
            self._address(output).unspent[ref] = output
            del self.spent_by[ref]
        for address in self._touched(transaction):
            self.addresses[address].transactions.pop()
        for ref, _ in transaction.created():
            del self.outputs[ref]

    def _address(self, output: IndexedOutput) -> AddressIndex:
        return self.addresses.setdefault(output.output.address, AddressIndex())

    def _touched(self, transaction: IndexedTransaction) -> set[str]:
        spent = (self.outputs[ref] for ref in transaction.parsed.inputs)
        return {output.output.address for output in (*spent, *transaction.outputs)}


def _block_hash(previous: str, height: int, slot: int, fork: int, ids: Iterable[str]) -> str:
    text = "\n".join((previous, str(height), str(slot), str(fork), *ids))
    return blake2b(text.encode(), digest_size=32).hexdigest()
