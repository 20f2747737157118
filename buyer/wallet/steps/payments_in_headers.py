"""Version 7 → 8: payments that are shown in a header of the request that they pay for."""

import sqlite3

_STATEMENT = """
    CREATE TABLE paid_calls (
        purchase_id TEXT PRIMARY KEY REFERENCES purchases (id),
        header TEXT NOT NULL,
        value TEXT NOT NULL,
        answered_at INTEGER,
        receipt TEXT
    )
"""


def payments_in_headers(db: sqlite3.Connection) -> None:
    db.execute(_STATEMENT)
