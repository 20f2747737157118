"""The ledger as a value: every row that credits, money or duties depend on, to compare before and after."""

from typing import Any

from sqlalchemy import text

from paywall.database.engine import Database, Transaction

TABLES = ("credit_account", "posting", "redemption", "burn", "payment", "payment_request")

Ledger = dict[str, dict[str, dict[str, Any]]]


async def read_ledger(database: Database) -> Ledger:
    """Table → the row's key → its columns."""
    return await database.read(lambda tx: {table: _rows(tx, table) for table in TABLES})


def added(before: Ledger, after: Ledger) -> dict[str, int]:
    """How many rows each table gained. Asserts that no row went away and none that was there changed."""
    for table, rows in before.items():
        assert {key: after[table].get(key) for key in rows} == rows, f"rows of {table} changed"
    return {table: gained for table in before if (gained := len(after[table]) - len(before[table]))}


def _rows(tx: Transaction, table: str) -> dict[str, dict[str, Any]]:
    found = tx.connection.execute(text(f"SELECT * FROM {table}")).mappings()
    return {_key(table, row): dict(row) for row in found}


def _key(table: str, row: Any) -> str:
    return str(row[{"posting": "transfer", "burn": "redemption_id"}.get(table, "id")])
