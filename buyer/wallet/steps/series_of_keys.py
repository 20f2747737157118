"""Version 6 → 7: series of idempotency keys, and receipts that know what was asked for with them.

The credits of all uses were added up at every use; triggers keep the sum, whichever way a use comes or goes.
"""

import sqlite3

_STATEMENTS = (
    """
    CREATE TABLE series (
        secret BLOB PRIMARY KEY,
        receipt_id TEXT NOT NULL REFERENCES receipts (id),
        owner TEXT NOT NULL,
        until INTEGER NOT NULL,
        broken_off INTEGER NOT NULL DEFAULT 0 CHECK (broken_off IN (0, 1))
    )
    """,
    "CREATE INDEX series_of_a_receipt ON series (receipt_id)",
    "ALTER TABLE receipts ADD COLUMN asked INTEGER NOT NULL DEFAULT 0",
    "UPDATE receipts SET asked = (SELECT COALESCE(SUM(credits), 0) FROM uses WHERE receipt_id = receipts.id)",
    """
    CREATE TRIGGER use_asked AFTER INSERT ON uses
    BEGIN UPDATE receipts SET asked = asked + NEW.credits WHERE id = NEW.receipt_id; END
    """,
    """
    CREATE TRIGGER use_refused AFTER DELETE ON uses
    BEGIN UPDATE receipts SET asked = asked - OLD.credits WHERE id = OLD.receipt_id; END
    """,
)


def series_of_keys(db: sqlite3.Connection) -> None:
    for statement in _STATEMENTS:
        db.execute(statement)
