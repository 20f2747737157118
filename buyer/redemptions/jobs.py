"""Runs of `buyer images` and the images asked for, so that what was interrupted is finished and not repeated.

Store functions; the transaction comes first. An image is `wanted` once its idempotency key is stored, which
is before it is asked for; `delivered` when its redemption is known; `done` when nobody will ask again.
"""

import sqlite3
from dataclasses import dataclass

from buyer.proof.verify import OwnUse
from shared import strict_json
from shared.redemption_commitment import request_hash


@dataclass(frozen=True, slots=True)
class WantedImage:
    """One image: what was asked (`body`, JSON), under which key, and what came of it."""

    idempotency_key: str
    receipt_id: str
    position: int
    body: str
    redemption_id: str | None
    path: str | None
    state: str

    @classmethod
    def new(cls, key: str, receipt_id: str, body: str, position: int = 1) -> "WantedImage":
        return cls(key, receipt_id, position, body, None, None, "wanted")


_SELECT = "SELECT idempotency_key, receipt_id, position, body, redemption_id, path, state FROM images"


def take_up(db: sqlite3.Connection, kind: str, *, new_id: str, now: int) -> str:
    """The id of the open run of this kind, or of a new one."""
    db.execute("INSERT INTO runs VALUES (?, ?, 'open', ?) ON CONFLICT DO NOTHING", (new_id, kind, now))
    row = db.execute("SELECT id FROM runs WHERE kind = ? AND state = 'open'", (kind,)).fetchone()
    return str(row[0])


def finish(db: sqlite3.Connection, run_id: str) -> None:
    db.execute("UPDATE runs SET state = 'done' WHERE id = ?", (run_id,))


def want(db: sqlite3.Connection, image: WantedImage, run_id: str | None) -> WantedImage:
    """Store what is about to be asked for; in a run, what its position already holds."""
    db.execute(
        "INSERT INTO images (idempotency_key, receipt_id, run_id, position, body, state)"
        " VALUES (?, ?, ?, ?, ?, 'wanted') ON CONFLICT DO NOTHING",
        (image.idempotency_key, image.receipt_id, run_id, image.position, image.body),
    )
    if run_id is None:
        return find(db, image.idempotency_key)
    row = db.execute(f"{_SELECT} WHERE run_id = ? AND position = ?", (run_id, image.position)).fetchone()
    return WantedImage(*row)


def find(db: sqlite3.Connection, key: str) -> WantedImage:
    row = db.execute(f"{_SELECT} WHERE idempotency_key = ?", (key,)).fetchone()
    return WantedImage(*row)


def unanswered(db: sqlite3.Connection, receipt_id: str, body: str) -> list[WantedImage]:
    """Images outside of runs that were asked for with this very body, and never came."""
    where = "run_id IS NULL AND state = 'wanted' AND receipt_id = ? AND body = ? ORDER BY rowid"
    rows = db.execute(f"{_SELECT} WHERE {where}", (receipt_id, body)).fetchall()
    return [WantedImage(*row) for row in rows]


def delivered(db: sqlite3.Connection, key: str, redemption_id: str) -> None:
    """Note whose redemption it was; sqlite3.IntegrityError when another image has that id already."""
    db.execute(
        "UPDATE images SET redemption_id = ?, state = 'delivered'"
        " WHERE idempotency_key = ? AND state = 'wanted'",
        (redemption_id, key),
    )


def saved(db: sqlite3.Connection, key: str, path: str) -> None:
    db.execute("UPDATE images SET path = ?, state = 'done' WHERE idempotency_key = ?", (path, key))


def refused(db: sqlite3.Connection, key: str) -> None:
    """Forget a key that the seller finally refused: the credit was not taken."""
    db.execute("DELETE FROM images WHERE idempotency_key = ? AND state = 'wanted'", (key,))


@dataclass(frozen=True, slots=True)
class MadeUse:
    """A redemption of this wallet: the receipt that paid for it, and what we sent."""

    receipt_id: str
    own: OwnUse


def use_of(db: sqlite3.Connection, redemption_id: str) -> MadeUse | None:
    """None for a redemption that this wallet did not make."""
    row = db.execute(
        "SELECT receipt_id, body, idempotency_key, credits, salt FROM images WHERE redemption_id = ?",
        (redemption_id,),
    ).fetchone()
    if row is None:
        return None
    receipt_id, body, key, credit_count, salt = row
    return MadeUse(receipt_id, OwnUse(request_hash(strict_json.loads(body)), key, credit_count, salt))


def keep_salt(db: sqlite3.Connection, redemption_id: str, salt: bytes) -> None:
    """What opens the burn's leaf to us, for when the seller does not show it any more."""
    db.execute("UPDATE images SET salt = ? WHERE redemption_id = ? AND salt IS NULL", (salt, redemption_id))
