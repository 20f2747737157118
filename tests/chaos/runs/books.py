"""What the seller's database says, read beside its processes."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from paywall.database.opening import SQLITE
from paywall.database.postgres import postgres_engine
from paywall.database.sqlite_readers import sqlite_readers
from paywall.rails.cardano.state import CardanoState

READ_SECONDS = 10.0
_UNDER_WAY = {
    "reserved": "SELECT count(*) FROM redemption WHERE state = 'reserved'",
    "settling": "SELECT count(*) FROM payment WHERE state = 'settling'",
    "waiting": "SELECT count(*) FROM burn WHERE batch_id IS NULL",
    "burning": "SELECT count(*) FROM burn_batch WHERE state NOT IN ('confirmed', 'parked')",
    "parked": "SELECT count(*) FROM burn_batch WHERE state = 'parked'",
}
_TOTALS = {
    "captured": "SELECT count(*) FROM redemption WHERE state = 'captured'",
    "burns": "SELECT count(*) FROM burn",
    "granted": "SELECT COALESCE(sum(granted), 0) FROM credit_account",
    "receipts": "SELECT count(*) FROM receipt",
    "settled": "SELECT count(*) FROM payment WHERE state IN ('settled', 'reversed')",
    "surplus": "SELECT count(*) FROM payment WHERE state = 'surplus'",
    "attempts": "SELECT count(*) FROM burn_attempt",
    "replaced": "SELECT count(*) FROM burn_attempt WHERE number > 1",
}


@dataclass(frozen=True, slots=True)
class Books:
    """An opened database, for looking alone."""

    engine: Engine

    def under_way(self) -> dict[str, int]:
        """What is not at its end, by what it is; without the zeros."""
        return {name: count for name, count in self._counts(_UNDER_WAY).items() if count}

    def totals(self) -> dict[str, int]:
        return self._counts(_TOTALS)

    def highest_block(self, state: str) -> int | None:
        """Of the burn batches in that state."""
        found = self._numbers(
            {"highest": "SELECT max(block_height) FROM burn_batch WHERE state = :state"}, state=state
        )
        return found["highest"]

    def newest(self, count: int) -> list[str]:
        """Transactions of burns and of payments, the newest of each first."""
        burns = self._rows("SELECT tx_hash FROM burn_attempt ORDER BY created_at DESC, number DESC LIMIT 4")
        paid = self._rows("SELECT external_id FROM payment ORDER BY created_at DESC LIMIT 4")
        return [str(row[0]) for pair in zip_longest(burns, paid) for row in pair if row][:count]

    def flying(self) -> list[str]:
        """The attempts of batches that are on their way."""
        query = "SELECT tx_hash FROM burn_batch WHERE state IN ('signed', 'submitted', 'seen', 'lost')"
        return [str(row[0]) for row in self._rows(query)]

    def newest_transactions(self) -> list[bytes]:
        """The bytes of the newest burns and payments, oldest first."""
        burns = self._rows('SELECT "transaction" FROM burn_attempt ORDER BY created_at DESC LIMIT 30')
        paid = self._rows("SELECT rail_state FROM payment ORDER BY created_at DESC LIMIT 30")
        shown = [CardanoState.read(json.loads(state)).transaction for (state,) in paid]
        return [bytes(raw) for (raw,) in reversed(burns)] + [raw for raw in reversed(shown) if raw]

    def receipts_of(self, payers: Sequence[str]) -> int:
        """How many receipts those payers got."""
        query = "SELECT p.payer FROM payment p JOIN receipt r ON r.payment_id = p.id"
        return sum(payer in payers for (payer,) in self._rows(query))

    def settled_of(self, payers: Sequence[str]) -> list[str]:
        """The transactions of their payments whose credits stand."""
        rows = self._rows("SELECT payer, external_id FROM payment WHERE state = 'settled'")
        return [str(external_id) for payer, external_id in rows if payer in payers]

    def _rows(self, query: str) -> list[Any]:
        """Nothing from a disk that is full just now."""
        try:
            with self.engine.connect() as connection:
                return list(connection.execute(text(query)))
        except OperationalError:
            return []

    def _counts(self, queries: dict[str, str]) -> dict[str, int]:
        return {name: number or 0 for name, number in self._numbers(queries).items()}

    def _numbers(self, queries: dict[str, str], **values: str) -> dict[str, int | None]:
        """Tried for a while: on a full disk SQLite cannot be read either, and the disk is full on purpose."""
        deadline = time.monotonic() + READ_SECONDS
        while True:
            try:
                with self.engine.connect() as connection:
                    return {
                        name: connection.execute(text(query), values).scalar_one()
                        for name, query in queries.items()
                    }
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


@contextmanager
def open_books(url: str) -> Iterator[Books]:
    """The database must be there."""
    if url.startswith(SQLITE):
        engine = sqlite_readers(Path(url.removeprefix(SQLITE)))
    else:
        engine = postgres_engine(url, read_only=True)
    try:
        yield Books(engine)
    finally:
        engine.dispose()
