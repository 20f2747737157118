"""Jobs (calls of `buyer images` and `buyer generate`) and uses: what was interrupted is finished, not repeated.

Store functions; the transaction comes first. A use of `BuyerClient.redeem` belongs to no job. A use is `wanted`
once its idempotency key is stored, which is before it is asked for; `delivered` when its redemption is known;
`done` when nobody will ask again.
"""

import sqlite3
from dataclasses import dataclass, replace

from buyer.proof.verify import OwnUse
from shared import strict_json
from shared.redemption_commitment import request_hash


@dataclass(frozen=True, slots=True)
class WantedUse:
    """One use of credits: what was asked (`body`, JSON) of which path, under which key, and what came of it."""

    idempotency_key: str
    receipt_id: str
    position: int
    target: str
    body: str
    redemption_id: str | None
    path: str | None
    state: str
    cost: int

    @classmethod
    def new(
        cls, key: str, receipt_id: str, target: str, body: str, *, position: int = 1, cost: int = 1
    ) -> "WantedUse":
        """`cost` is what the seller's catalog says that one use takes, in credits."""
        return cls(key, receipt_id, position, target, body, None, None, "wanted", cost)

    def under(self, key: str) -> "WantedUse":
        return replace(self, idempotency_key=key)


_SELECT = "SELECT idempotency_key, receipt_id, position, target, body, redemption_id, path, state, credits FROM uses"


def open_job(db: sqlite3.Connection, kind: str, *, new_id: str, now: int, earlier: str = "") -> str:
    """The id of the open job of this kind, or of a new one.

    `earlier` is what buyers called it that counted the folder in: what they paid for is not to be paid again.
    """
    row = db.execute("SELECT id FROM jobs WHERE kind = ? AND state = 'open'", (earlier,)).fetchone()
    if row is None:
        db.execute("INSERT INTO jobs VALUES (?, ?, 'open', ?) ON CONFLICT DO NOTHING", (new_id, kind, now))
        row = db.execute("SELECT id FROM jobs WHERE kind = ? AND state = 'open'", (kind,)).fetchone()
    return str(row[0])


def begun(db: sqlite3.Connection, job_id: str) -> int:
    """How many images the job has asked for already: to leave one out would be to lose its credit."""
    (position,) = db.execute(
        "SELECT COALESCE(MAX(position), 0) FROM uses WHERE job_id = ?", (job_id,)
    ).fetchone()
    return int(position)


def is_begun(db: sqlite3.Connection, kind: str) -> bool:
    """Whether there is an open job of this kind that has asked for something."""
    where = "jobs.kind = ? AND jobs.state = 'open'"
    found = db.execute(f"SELECT 1 FROM jobs JOIN uses ON job_id = jobs.id WHERE {where}", (kind,)).fetchone()  # noqa: S608  words of ours
    return found is not None


def cost(db: sqlite3.Connection, receipt_id: str) -> int:
    """Credits that all uses and gifts of a receipt cost, those that are asked for just now included."""
    row = db.execute("SELECT asked FROM receipts WHERE id = ?", (receipt_id,)).fetchone()
    return 0 if row is None else int(row[0])


def known_cost(db: sqlite3.Connection, receipt_id: str) -> int:
    """What the uses of a receipt that were delivered cost by the catalog, and what was given away of it."""
    query = (
        "SELECT (SELECT COALESCE(SUM(credits), 0) FROM uses WHERE receipt_id = ?1 AND state <> 'wanted')"
        " + (SELECT COALESCE(SUM(credits), 0) FROM gifts WHERE receipt_id = ?1 AND token IS NOT NULL)"
    )
    (found,) = db.execute(query, (receipt_id,)).fetchone()
    return int(found)


def finish(db: sqlite3.Connection, job_id: str) -> None:
    db.execute("UPDATE jobs SET state = 'done' WHERE id = ?", (job_id,))


def want(db: sqlite3.Connection, use: WantedUse, job_id: str | None) -> WantedUse:
    """Store what is about to be asked for; in a job, what its position already holds."""
    db.execute(
        "INSERT INTO uses (idempotency_key, receipt_id, job_id, position, target, body, credits, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'wanted') ON CONFLICT DO NOTHING",
        (use.idempotency_key, use.receipt_id, job_id, use.position, use.target, use.body, use.cost),
    )
    if job_id is None:
        return find(db, use.idempotency_key)
    row = db.execute(f"{_SELECT} WHERE job_id = ? AND position = ?", (job_id, use.position)).fetchone()
    return WantedUse(*row)


def find(db: sqlite3.Connection, key: str) -> WantedUse:
    row = db.execute(f"{_SELECT} WHERE idempotency_key = ?", (key,)).fetchone()
    return WantedUse(*row)


def unanswered(db: sqlite3.Connection, receipt_id: str, target: str, body: str) -> list[WantedUse]:
    """Uses outside of jobs that were asked for with this very body, and never came."""
    where = (
        "job_id IS NULL AND state = 'wanted' AND receipt_id = ? AND target = ? AND body = ? ORDER BY rowid"
    )
    rows = db.execute(f"{_SELECT} WHERE {where}", (receipt_id, target, body)).fetchall()
    return [WantedUse(*row) for row in rows]


def note_asked(db: sqlite3.Connection, use: WantedUse, redemption_id: str | None) -> None:
    """Store what was asked for by now, and its redemption when that is known already.

    A redemption that another process has noted meanwhile stays with that use: this one has none.
    """
    db.execute(
        "INSERT INTO uses (idempotency_key, receipt_id, position, target, body, credits, state, redemption_id)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?7 IS NULL THEN 'wanted' ELSE 'delivered' END,"
        " CASE WHEN NOT EXISTS (SELECT 1 FROM uses WHERE redemption_id = ?7) THEN ?7 END) ON CONFLICT DO NOTHING",
        (use.idempotency_key, use.receipt_id, use.position, use.target, use.body, use.cost, redemption_id),
    )


def note_delivered(db: sqlite3.Connection, key: str, redemption_id: str) -> None:
    """As `delivered`, for what was checked before: see `note_asked`."""
    db.execute(
        "UPDATE uses SET state = 'delivered',"
        " redemption_id = CASE WHEN NOT EXISTS (SELECT 1 FROM uses WHERE redemption_id = ?2) THEN ?2 END"
        " WHERE idempotency_key = ?1 AND state = 'wanted'",
        (key, redemption_id),
    )


def is_known(db: sqlite3.Connection, key: str) -> bool:
    return db.execute("SELECT 1 FROM uses WHERE idempotency_key = ?", (key,)).fetchone() is not None


def is_anothers(db: sqlite3.Connection, redemption_id: str, key: str) -> bool:
    """Whether a use with another key has that redemption."""
    row = db.execute("SELECT idempotency_key FROM uses WHERE redemption_id = ?", (redemption_id,)).fetchone()
    return row is not None and row[0] != key


def delivered(db: sqlite3.Connection, key: str, redemption_id: str) -> None:
    """Note whose redemption it was; sqlite3.IntegrityError when another use has that id already."""
    db.execute(
        "UPDATE uses SET redemption_id = ?, state = 'delivered'"
        " WHERE idempotency_key = ? AND state = 'wanted'",
        (redemption_id, key),
    )


def saved(db: sqlite3.Connection, key: str, path: str) -> None:
    db.execute("UPDATE uses SET path = ?, state = 'done' WHERE idempotency_key = ?", (path, key))


def refused(db: sqlite3.Connection, key: str) -> None:
    """Forget a key that the seller finally refused: the credit was not taken."""
    db.execute("DELETE FROM uses WHERE idempotency_key = ? AND state = 'wanted'", (key,))


def give_up(db: sqlite3.Connection, purchase_id: str) -> bool:
    """End the open job that a purchase was made for; False when there is none. Its receipt stays good."""
    where = "state = 'open' AND id = (SELECT job_id FROM purchases WHERE id = ?)"
    return db.execute(f"UPDATE jobs SET state = 'done' WHERE {where}", (purchase_id,)).rowcount == 1  # noqa: S608  words of ours


@dataclass(frozen=True, slots=True)
class MadeUse:
    """A redemption of this wallet: the receipt that paid for it, and what we sent."""

    receipt_id: str
    own: OwnUse


def use_of(db: sqlite3.Connection, redemption_id: str) -> MadeUse | None:
    """None for a redemption that this wallet did not make."""
    row = db.execute(
        "SELECT receipt_id, body, idempotency_key, credits, salt FROM uses WHERE redemption_id = ?",
        (redemption_id,),
    ).fetchone()
    if row is None:
        return None
    receipt_id, body, key, credit_count, salt = row
    return MadeUse(receipt_id, OwnUse(request_hash(strict_json.loads(body)), key, credit_count, salt))


def note_proof(db: sqlite3.Connection, redemption_id: str, outcome: str) -> None:
    """What was found of a use's burn, for the history: `holds`, `partly` or `broken`."""
    db.execute("UPDATE uses SET proof = ? WHERE redemption_id = ?", (outcome, redemption_id))


def keep_salt(db: sqlite3.Connection, redemption_id: str, salt: bytes) -> None:
    """What opens the burn's leaf to us, for when the seller does not show it any more."""
    db.execute("UPDATE uses SET salt = ? WHERE redemption_id = ? AND salt IS NULL", (salt, redemption_id))
