"""Series of idempotency keys: what lets a use go out before the wallet has written it down, and never be paid twice.

A series is a random secret that is stored before its first key is used, for one receipt and one process: a second one
that uses the receipt meanwhile writes each use down before it asks. Its keys are made of the words that are asked and
of how often they were asked. So whoever goes on after a crash makes the same keys for the same words, and the seller
answers what it was asked before without another credit. Each commit that writes down what was asked puts a new secret
in the old one's place: what a lost process or an old copy of the file can repeat is what was asked since that commit,
and nothing before it. A series that was broken off keeps its secret, and is gone on with until 90 days
after its receipt's end.
Store functions; the transaction comes first.
"""

import hmac
import itertools
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from buyer.wallet import lease

_SECRET, _KEY = 32, 16
_NUMBER = 8
#: how long after its receipt has expired a lost answer may still be asked for
KEPT_SECONDS = 90 * 86_400


@dataclass(frozen=True, slots=True)
class KeySeries:
    """One receipt's keys between two commits."""

    secret: bytes

    def key(self, words: bytes, number: int) -> str:
        """The key of those words when they are asked for the time of that number, from 0."""
        return hmac.digest(self.secret, number.to_bytes(_NUMBER, "big") + words, "sha256")[:_KEY].hex()


class Taken(NamedTuple):
    """A receipt's series, which this process alone makes keys of; `broken` where another was torn from it before."""

    keys: KeySeries
    broken: bool


def take(db: sqlite3.Connection, receipt_id: str, owner: str, *, now: int) -> Taken | None:
    """The receipt's one series for `owner`; None while another that lives has it.

    One that was broken off is gone on with: of two nobody could tell which of them had asked which words.
    IntegrityError when the wallet does not hold the receipt.
    """
    expired = "SELECT id FROM receipts WHERE expires_at <= ?"
    db.execute(f"DELETE FROM series WHERE receipt_id IN ({expired})", (now - KEPT_SECONDS,))  # noqa: S608  words of ours
    rows = db.execute(
        "SELECT secret, owner, until FROM series WHERE receipt_id = ? ORDER BY rowid", (receipt_id,)
    ).fetchall()
    if any(held_by != owner and until > now and not lease.is_dead(held_by) for _, held_by, until in rows):
        return None
    db.execute(
        "UPDATE series SET owner = ?, until = ?, broken_off = 1 WHERE receipt_id = ?",
        (owner, now + lease.SECONDS, receipt_id),
    )
    if rows:
        return Taken(KeySeries(rows[0][0]), broken=True)
    fresh = secrets.token_bytes(_SECRET)
    db.execute("INSERT INTO series VALUES (?, ?, ?, ?, 0)", (fresh, receipt_id, owner, now + lease.SECONDS))
    return Taken(KeySeries(fresh), broken=False)


def lost_key(
    db: sqlite3.Connection,
    receipt_id: str,
    words: bytes,
    is_known: Callable[[sqlite3.Connection, str], bool],
    *,
    now: int,
) -> str | None:
    """The key under which a process that was cut off may have asked those words; None where none was.

    For a use that is stored before it is asked for, in the very transaction that stores it.
    """
    rows = db.execute(
        "SELECT secret, owner, until FROM series WHERE receipt_id = ? ORDER BY rowid", (receipt_id,)
    ).fetchall()
    for secret, held_by, until in rows:
        if until <= now or lease.is_dead(held_by):
            keys = (KeySeries(secret).key(words, number) for number in itertools.count())
            return next(key for key in keys if not is_known(db, key))
    return None


def renew(db: sqlite3.Connection, old: Taken, owner: str, *, now: int) -> Taken | None:
    """A new secret in the old one's place; None when somebody else goes on with the old one.

    A broken one keeps its secret: what was asked under it, and is not written down, is found by nothing else.
    """
    fresh = old.keys.secret if old.broken else secrets.token_bytes(_SECRET)
    changed = db.execute(
        "UPDATE series SET secret = ?, until = ? WHERE secret = ? AND owner = ?",
        (fresh, now + lease.SECONDS, old.keys.secret, owner),
    ).rowcount
    return Taken(KeySeries(fresh), old.broken) if changed == 1 else None


def close(db: sqlite3.Connection, receipt_id: str, owner: str) -> None:
    """All that `owner` asked is written down. What was broken off before him stays, for whoever asks those words."""
    db.execute(
        "DELETE FROM series WHERE receipt_id = ? AND owner = ? AND broken_off = 0", (receipt_id, owner)
    )
    db.execute("UPDATE series SET until = 0 WHERE receipt_id = ? AND owner = ?", (receipt_id, owner))


def unsure(db: sqlite3.Connection, receipt_id: str, owner: str) -> bool:
    """Whether more may have been asked with the receipt than is written down: somebody is at it, or was broken off."""
    row = db.execute(
        "SELECT 1 FROM series WHERE receipt_id = ? AND (owner <> ? OR broken_off) LIMIT 1",
        (receipt_id, owner),
    ).fetchone()
    return row is not None


def forget(db: sqlite3.Connection) -> None:
    """A copy goes on with none: what is asked by the wallet that it was made of would come to it as its own."""
    db.execute("DELETE FROM series")
