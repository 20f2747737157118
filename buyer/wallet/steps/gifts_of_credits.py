"""Version 9 → 10: credits that are given to another holder."""

import sqlite3

_STATEMENTS = (
    """
    CREATE TABLE gifts (
        idempotency_key TEXT PRIMARY KEY,
        receipt_id TEXT NOT NULL REFERENCES receipts (id),
        holder TEXT NOT NULL,
        credits INTEGER NOT NULL CHECK (credits > 0),
        token TEXT
    )
    """,
    "CREATE UNIQUE INDEX one_open_gift ON gifts (receipt_id, holder) WHERE token IS NULL",
    """
    CREATE TRIGGER gift_asked AFTER INSERT ON gifts
    BEGIN UPDATE receipts SET asked = asked + NEW.credits WHERE id = NEW.receipt_id; END
    """,
    """
    CREATE TRIGGER gift_refused AFTER DELETE ON gifts
    BEGIN UPDATE receipts SET asked = asked - OLD.credits WHERE id = OLD.receipt_id; END
    """,
)


def gifts_of_credits(db: sqlite3.Connection) -> None:
    for statement in _STATEMENTS:
        db.execute(statement)
