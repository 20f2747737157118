"""What the facilitator remembers: for which requirements a transaction is settled, and how far that got. SQLite.

A transaction is settled for one payment's requirements alone: one INSERT under its id. The row is on disk before the
bytes are sent, so that whoever asks again after a crash is told of the same transaction, and never to pay anew.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: claimed: nothing was sent; sent: it may have been; accepted: a node took it; refused: the ledger's word against it
SettlementStep = Literal["claimed", "sent", "accepted", "refused"]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS settlement (
    transaction_id TEXT PRIMARY KEY,
    requirements   TEXT NOT NULL,
    payer          TEXT NOT NULL,
    raw            BLOB NOT NULL,
    step           TEXT NOT NULL,
    said           TEXT NOT NULL,
    settled_at     INTEGER
) STRICT
"""
_COLUMNS = "transaction_id, requirements, payer, raw, step, said, settled_at"


@dataclass(frozen=True, slots=True)
class SettlementClaim:
    """`requirements` is their digest, `raw` the bytes that were verified, `said` what the ledger refused with.

    `settled_at` is when somebody was first told that it is settled, in Unix seconds.
    """

    transaction_id: str
    requirements: str
    payer: str
    raw: bytes
    step: SettlementStep = "claimed"
    said: str = ""
    settled_at: int | None = None


class SettlementsFile:
    """Used from one thread. Several processes of one machine may share the file."""

    def __init__(self, path: Path | None) -> None:
        """Without a path all is forgotten at the end: for tests. Errors: sqlite3.Error."""
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(_SCHEMA)

    def find(self, transaction_id: str) -> SettlementClaim | None:
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM settlement WHERE transaction_id = ?",  # noqa: S608  names of ours
            (transaction_id,),
        ).fetchone()
        return None if row is None else SettlementClaim(*row)

    def take(self, claim: SettlementClaim) -> SettlementClaim:
        """The claim that stands: this one, or the one that came before it."""
        self._db.execute(
            f"INSERT OR IGNORE INTO settlement ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, NULL)",  # noqa: S608
            (claim.transaction_id, claim.requirements, claim.payer, claim.raw, claim.step, claim.said),
        )
        found = self.find(claim.transaction_id)
        assert found is not None
        return found

    def mark(self, transaction_id: str, step: SettlementStep, said: str = "") -> None:
        self._db.execute(
            "UPDATE settlement SET step = ?, said = ? WHERE transaction_id = ?", (step, said, transaction_id)
        )

    def settle(self, transaction_id: str, now: int) -> bool:
        """Whether nobody was told before: one UPDATE with its guard, so that one caller alone is the first."""
        changed = self._db.execute(
            "UPDATE settlement SET settled_at = ? WHERE transaction_id = ? AND settled_at IS NULL",
            (now, transaction_id),
        )
        return changed.rowcount == 1

    def close(self) -> None:
        self._db.close()
