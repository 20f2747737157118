"""Version 2 → 3: a use keeps what it cost and the salt of its burn's leaf, so that its proof is the wallet's own.

Written out in SQL of its own, so that no later change of the code changes what it did.
"""

import sqlite3


def own_proofs(db: sqlite3.Connection) -> None:
    """Every earlier use cost one credit."""
    db.execute("ALTER TABLE uses ADD COLUMN credits INTEGER NOT NULL DEFAULT 1 CHECK (credits > 0)")
    db.execute("ALTER TABLE uses ADD COLUMN salt BLOB")
