"""Version 5 → 6: each use asks for the others of its receipt, which were looked for among all."""

import sqlite3


def uses_of_a_receipt(db: sqlite3.Connection) -> None:
    db.execute("CREATE INDEX uses_of_a_receipt ON uses (receipt_id, state, credits)")
