"""What the seller's database says, read beside its processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from paywall.postgres import postgres_engine
from paywall.sqlite_readers import sqlite_readers
from paywall.storage import SQLITE

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
    "settled": "SELECT count(*) FROM payment WHERE state = 'settled'",
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
        query = text("SELECT max(block_height) FROM burn_batch WHERE state = :state")
        with self.engine.connect() as connection:
            found = connection.execute(query, {"state": state}).scalar_one()
            return None if found is None else int(found)

    def _counts(self, queries: dict[str, str]) -> dict[str, int]:
        with self.engine.connect() as connection:
            return {
                name: int(connection.execute(text(query)).scalar_one()) for name, query in queries.items()
            }


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
