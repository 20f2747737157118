"""The devnet's chain on disk: every block and the mempool in SQLite, written before an answer is given.

Only raw transactions are kept; `devnet.py` builds the indexes and the ledger anew from them at start.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from paywall.devnet.blockfrost.transactions import IndexedTransaction
from paywall.devnet.chain import Block
from paywall.private_files import private_folder, private_sqlite

_PRAGMAS = "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    genesis_time INTEGER NOT NULL,
    faucet_seed BLOB NOT NULL,
    skipped_slots INTEGER NOT NULL DEFAULT 0,
    fork INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS blocks (
    height INTEGER PRIMARY KEY,
    slot INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS transactions (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    raw BLOB NOT NULL,
    height INTEGER REFERENCES blocks (height)
) STRICT;
CREATE INDEX IF NOT EXISTS transactions_by_height ON transactions (height, position);
"""


@dataclass(frozen=True, slots=True)
class DevnetOptions:
    """What makes this devnet this one. Its clock was moved by `skipped_slots`; `fork` counts rollbacks."""

    genesis_time: int
    faucet_seed: bytes
    skipped_slots: int = 0
    fork: int = 0


@dataclass(frozen=True, slots=True)
class SavedBlock:
    """A block after genesis, with its transactions' bytes in order."""

    slot: int
    hash: str
    transactions: tuple[bytes, ...]


class StateInUse(Exception):
    """Another devnet runs on the same data directory."""


class Store:
    """One process at a time: a second one is refused with StateInUse."""

    def __init__(self, path: Path, fresh: DevnetOptions) -> None:
        """Opens the file, or makes it, and its directory, with the settings `fresh`."""
        private_folder(path.parent)
        private_sqlite(path)  # it holds the faucet's seed
        self._connection = sqlite3.connect(path, timeout=1)
        try:
            self._connection.executescript(_PRAGMAS + _SCHEMA)
            with self._connection:
                self._connection.execute(
                    "INSERT OR IGNORE INTO settings (one, genesis_time, faucet_seed) VALUES (1, ?, ?)",
                    (fresh.genesis_time, fresh.faucet_seed),
                )
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise StateInUse(f"cannot use {path}, another devnet may be running on it: {error}") from None

    def settings(self) -> DevnetOptions:
        """The settings as last written."""
        row = self._connection.execute(
            "SELECT genesis_time, faucet_seed, skipped_slots, fork FROM settings"
        ).fetchone()
        return DevnetOptions(*row)

    def blocks(self) -> Iterable[SavedBlock]:
        """The blocks after genesis, oldest first."""
        raws: dict[int, list[bytes]] = {}
        found = "SELECT height, raw FROM transactions WHERE height IS NOT NULL ORDER BY height, position"
        for height, raw in self._connection.execute(found):
            raws.setdefault(height, []).append(raw)
        for height, slot, name in self._connection.execute("SELECT * FROM blocks ORDER BY height"):
            yield SavedBlock(slot, name, tuple(raws.get(height, ())))

    def mempool(self) -> list[bytes]:
        """The mempool's transactions, oldest first."""
        found = "SELECT raw FROM transactions WHERE height IS NULL ORDER BY position"
        return [raw for (raw,) in self._connection.execute(found)]

    def accept(self, transaction: IndexedTransaction) -> None:
        """Adds to the mempool."""
        with self._connection:
            self._insert([transaction])

    def produce(self, block: Block) -> None:
        """Adds a block; its transactions leave the mempool."""
        with self._connection:
            self._connection.execute(
                "INSERT INTO blocks VALUES (?, ?, ?)", (block.height, block.slot, block.hash)
            )
            self._connection.executemany(
                "UPDATE transactions SET height = ? WHERE id = ?",
                [(block.height, transaction.id) for transaction in block.transactions],
            )

    def rollback(self, height: int, mempool: Sequence[IndexedTransaction]) -> None:
        """Removes what is above `height`, and everything in the mempool but `mempool`."""
        with self._connection:
            self._connection.execute("DELETE FROM transactions WHERE height > ? OR height IS NULL", (height,))
            self._connection.execute("DELETE FROM blocks WHERE height > ?", (height,))
            self._connection.execute("UPDATE settings SET fork = fork + 1")
            self._insert(mempool)

    def drop(self, ids: Iterable[str]) -> None:
        """Removes transactions from the mempool."""
        with self._connection:
            self._connection.executemany(
                "DELETE FROM transactions WHERE id = ? AND height IS NULL", [(name,) for name in ids]
            )

    def skip(self, slots: int) -> None:
        """Moves the clock forward."""
        with self._connection:
            self._connection.execute("UPDATE settings SET skipped_slots = skipped_slots + ?", (slots,))

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _insert(self, mempool: Sequence[IndexedTransaction]) -> None:
        self._connection.executemany(
            "INSERT INTO transactions (id, raw) VALUES (?, ?)",
            [(transaction.id, transaction.raw) for transaction in mempool],
        )
