"""The devnet itself: the chain, the ledger rules that judge for it, and its state on disk, kept in step.

Everything that changes state takes its turn under one lock, because the ledger process holds one UTxO set.
"""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Self

from paywall.devnet.blockfrost.transactions import IndexedTransaction, encode_utxos, index, references
from paywall.devnet.chain import Block, DevnetChain
from paywall.devnet.faucet import Faucet
from paywall.devnet.ledger.emulator import EvaluatedUnits, Ledger, LedgerRefusal
from paywall.devnet.ledger.node import find_node, install_ledger
from paywall.devnet.ledger.parameters import COST_MODELS
from paywall.devnet.saved_chain import DevnetOptions, Store
from shared.cardano.read.cbor import CborError
from shared.cardano.read.transaction import TransactionError
from shared.keys import SigningKey

ALL_SPENT = "All inputs are spent. Transaction has probably already been included"


class Devnet:
    """Made by `open`. `clock` gives integer Unix seconds."""

    def __init__(self, ledger: Ledger, store: Store, clock: Callable[[], int]) -> None:
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._turn = asyncio.Lock()
        self.settings = store.settings()
        self.faucet = Faucet(SigningKey.from_seed(self.settings.faucet_seed))
        self.chain = DevnetChain(self.faucet.genesis())

    @classmethod
    async def open(cls, data_dir: Path, cache: Path, clock: Callable[[], int]) -> Self:
        """Goes on with the chain in `data_dir`, or starts one. Raises LedgerUnavailable, StateInUse."""
        node = find_node()
        installed = await asyncio.to_thread(install_ledger, node, cache)
        fresh = DevnetOptions(genesis_time=clock(), faucet_seed=secrets.token_bytes(32))
        store = Store(data_dir / "chain.sqlite", fresh)
        devnet = cls(await Ledger.start(node, installed), store, clock)
        await devnet._replay()
        return devnet

    @property
    def slot(self) -> int:
        """The slot it is now; never before the newest block's, even when the machine's clock was set back."""
        now = self._clock() - self.settings.genesis_time + self.settings.skipped_slots
        return max(now, self.chain.tip.slot)

    def time_of(self, slot: int) -> int:
        """Unix seconds at the start of a slot."""
        return self.settings.genesis_time + slot

    async def submit(self, raw: bytes) -> str:
        """Into the mempool. Returns the transaction id; raises LedgerRefusal with the ledger's reason."""
        async with self._turn:
            transaction = await self._judge(raw)
            self._store.accept(transaction)
            self.chain.accept(transaction)
            return transaction.id

    async def submit_and_lose(self, raw: bytes) -> str:
        """Judges like `submit`, then forgets the transaction: a mempool that was dropped."""
        async with self._turn:
            transaction = await self._judge(raw)
            await self._reload()
            return transaction.id

    async def pay(self, address: str, lovelace: int) -> str:
        """The faucet's payment, through the ledger like any other. Raises LedgerRefusal, ValueError."""
        async with self._turn:
            transaction = await self._judge(self.faucet.pay(self.chain.spendable(), address, lovelace))
            self._store.accept(transaction)
            self.chain.accept(transaction)
            return transaction.id

    async def evaluate(self, raw: bytes) -> list[EvaluatedUnits]:
        """What the Plutus scripts of an unfinished transaction cost. Raises LedgerRefusal."""
        async with self._turn:
            spendable = self.chain.spendable()
            try:
                wanted = [(ref, spendable[ref]) for ref in references(raw) if ref in spendable]
            except (CborError, TransactionError) as error:
                raise LedgerRefusal(str(error)) from None
            return await self._ledger.evaluate(raw, encode_utxos(wanted), COST_MODELS)

    async def produce(self, count: int = 1, skip_slots: int = 0) -> Block:
        """Makes blocks now, after moving the clock forward by `skip_slots`; returns the tip."""
        async with self._turn:
            if skip_slots:
                self._store.skip(skip_slots)
                self.settings = self._store.settings()
            for _ in range(count):
                if self.chain.expired(self.slot):
                    await self._reload()
                block = self.chain.produce(self.slot, self.settings.fork)
                self._store.produce(block)
            return self.chain.tip

    async def rollback(self, count: int, *, keep: bool) -> list[str]:
        """Removes blocks. Their transactions are gone, or back in the mempool when `keep`; returns their ids.

        The mempool is judged again: what spent a lost output is lost too. Raises ValueError beyond genesis.
        """
        async with self._turn:
            removed = self.chain.rollback(count)
            waiting = [*(removed if keep else ()), *self.chain.mempool.values()]
            self.chain.mempool = {transaction.id: transaction for transaction in waiting}
            await self._reload()
            self._store.rollback(self.chain.tip.height, list(self.chain.mempool.values()))
            self.settings = self._store.settings()
            return [transaction.id for transaction in removed]

    async def aclose(self) -> None:
        """Ends the ledger process and closes the file."""
        await self._ledger.aclose()
        self._store.close()

    async def _judge(self, raw: bytes) -> IndexedTransaction:
        try:
            await self._ledger.submit(raw, self.slot)
        except LedgerRefusal as refusal:
            raise self._explained(raw, refusal) from None
        try:
            return index(raw)
        except TransactionError as error:
            await self._reload()
            raise LedgerRefusal(str(error)) from None

    def _explained(self, raw: bytes, refusal: LedgerRefusal) -> LedgerRefusal:
        """A node says so before any other rule when nothing is left to spend (Conway's MEMPOOL rule)."""
        try:
            inputs = index(raw).parsed.inputs
        except TransactionError:
            return refusal
        spendable = self.chain.spendable()
        if any(ref in spendable for ref in inputs):
            return refusal
        return LedgerRefusal(f'ConwayMempoolFailure "{ALL_SPENT}" ({refusal})')

    async def _reload(self) -> None:
        """Gives the ledger the confirmed outputs and has it judge the mempool again, oldest first."""
        await self._ledger.load(encode_utxos(list(self.chain.unspent.items())), self.settings.genesis_time)
        waiting, self.chain.mempool = self.chain.mempool, {}
        lost = []
        for transaction in waiting.values():
            try:
                await self._ledger.submit(transaction.raw, self.slot)
            except LedgerRefusal:
                lost.append(transaction.id)
            else:
                self.chain.accept(transaction)
        self._store.drop(lost)

    async def _replay(self) -> None:
        for saved in self._store.blocks():
            tip = self.chain.tip
            transactions = tuple(index(raw) for raw in saved.transactions)
            self.chain.append(Block(tip.height + 1, saved.slot, saved.hash, tip.hash, transactions))
        for raw in self._store.mempool():
            self.chain.accept(index(raw))
        await self._reload()
