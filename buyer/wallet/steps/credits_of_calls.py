"""Version 8 → 9: credits that are left of what a call bought, and the calls that use them."""

import sqlite3

_STATEMENTS = (
    """
    CREATE TABLE credits_left (
        receipt TEXT PRIMARY KEY,
        origin TEXT NOT NULL,
        place TEXT NOT NULL,
        credits INTEGER NOT NULL CHECK (credits > 0),
        expires_at INTEGER NOT NULL
    )
    """,
    "CREATE INDEX credits_of_a_place ON credits_left (origin, place, expires_at)",
    """
    CREATE TABLE credit_calls (
        origin TEXT NOT NULL,
        call TEXT NOT NULL,
        receipt TEXT NOT NULL,
        idempotency_key TEXT NOT NULL UNIQUE,
        PRIMARY KEY (origin, call)
    )
    """,
)


def credits_of_calls(db: sqlite3.Connection) -> None:
    for statement in _STATEMENTS:
        db.execute(statement)
