"""Version 3 → 4: what counts as spent by the day, what was given back, approvals; the file says whose it is.

Written out in SQL of its own, so that no later change of the code changes what it did.
"""

import sqlite3

from shared.keys import SigningKey


def owners_limits(db: sqlite3.Connection) -> None:
    """What was abandoned had its price given back; what was signed counts from the day that it was begun."""
    for statement in _OWNERS_LIMITS:
        db.execute(statement)
    (seed,) = db.execute("SELECT value FROM settings WHERE key = 'seed'").fetchone()
    db.execute("INSERT INTO settings VALUES ('public', ?)", (SigningKey.from_seed(seed).public.raw,))


_OWNERS_LIMITS = (
    "ALTER TABLE purchases ADD COLUMN signed_at INTEGER",
    "ALTER TABLE purchases ADD COLUMN given_back INTEGER NOT NULL DEFAULT 0 CHECK (given_back IN (0, 1))",
    "UPDATE purchases SET signed_at = created_at WHERE cost_amount IS NOT NULL",
    "UPDATE purchases SET given_back = 1 WHERE state = 'abandoned'",
    "ALTER TABLE uses ADD COLUMN proof TEXT CHECK (proof IN ('holds', 'partly', 'broken'))",
    """
    CREATE TABLE approvals (
        id TEXT PRIMARY KEY,
        origin TEXT NOT NULL,
        product TEXT NOT NULL,
        credits INTEGER NOT NULL,
        amount INTEGER NOT NULL CHECK (amount >= 0),
        currency TEXT NOT NULL,
        decimals INTEGER NOT NULL,
        asked_at INTEGER NOT NULL,
        approved_at INTEGER,
        purchase_id TEXT REFERENCES purchases (id),
        CHECK (purchase_id IS NULL OR approved_at IS NOT NULL)
    )
    """,
    """
    CREATE UNIQUE INDEX one_open_approval ON approvals (origin, product, credits, amount, currency, decimals)
    WHERE purchase_id IS NULL
    """,
    "PRAGMA application_id = 1651865970",
)
