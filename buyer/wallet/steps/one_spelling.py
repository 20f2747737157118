"""Version 4 → 5: a seller's address is written in one way, as buyers have come to look for it.

Earlier ones kept it as it was typed: with capitals in the host, the default port, a slash or a dot at the end. What
was bought there was not found any more. Written out in code of its own, so that no later change changes what it did.
"""

import json
import sqlite3
from collections.abc import Mapping
from ipaddress import IPv6Address
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def one_spelling(db: sqlite3.Connection) -> None:
    """No receipt and no payment is given up where two spellings of one seller fall together."""
    db.create_function("spelled", 1, _spelled, deterministic=True)
    db.create_function("spelled_kind", 1, _spelled_kind, deterministic=True)
    _sellers(db)
    for statement in (*_PURCHASES, *_APPROVALS, _JOBS):
        db.execute(statement)
    _limits(db)
    for name in ("spelled", "spelled_kind"):
        db.create_function(name, 1, None)


# Of two open purchases of a kind the signed one stays open, or else the older. Another signed one is released: its
# price stays spent, what it uses up stays taken, and its payment can still be claimed. One with nothing signed ends.
_PURCHASES = (
    """
    CREATE TEMP TABLE surplus AS
    SELECT id, state FROM (
        SELECT id, state, row_number() OVER (
            PARTITION BY spelled(origin), product, credits ORDER BY state <> 'signed', created_at, rowid
        ) AS place
        FROM purchases WHERE state IN ('wanted', 'requested', 'signed')
    ) WHERE place > 1
    """,
    "UPDATE purchases SET state = 'paid' WHERE id IN (SELECT id FROM surplus WHERE state = 'signed')",
    """
    UPDATE purchases SET state = 'abandoned', given_back = 1
    WHERE id IN (SELECT id FROM surplus WHERE state <> 'signed')
    """,
    "DROP TABLE surplus",
    # One request a purchase: a seller that gave one id at two spellings leaves the second where it is. It is claimed
    # by its own id all the same.
    "UPDATE OR IGNORE purchases SET origin = spelled(origin) WHERE origin <> spelled(origin)",
)
# The owner allowed one purchase at that price, wherever he was asked: the word that is given is kept.
_APPROVALS = (
    """
    DELETE FROM approvals WHERE id IN (
        SELECT id FROM (
            SELECT id, row_number() OVER (
                PARTITION BY spelled(origin), product, credits, amount, currency, decimals
                ORDER BY approved_at IS NULL, asked_at, rowid
            ) AS place
            FROM approvals WHERE purchase_id IS NULL
        ) WHERE place > 1
    )
    """,
    "UPDATE approvals SET origin = spelled(origin) WHERE origin <> spelled(origin)",
)
# A job is taken up by what it is called; of two open ones the second keeps its name, and is listed with its purchase.
_JOBS = "UPDATE OR IGNORE jobs SET kind = spelled_kind(kind) WHERE kind <> spelled_kind(kind)"


def _sellers(db: sqlite3.Connection) -> None:
    """The identity that was met first stays, with every key that it was known by at any spelling."""
    rows = db.execute("SELECT origin, did, first_seen FROM sellers ORDER BY first_seen, rowid").fetchall()
    met: dict[str, tuple[str, int]] = {}
    known: dict[str, set[str]] = {}
    for origin, did, first_seen in rows:
        first, _ = met.setdefault(_spelled(origin), (did, first_seen))
        if did == first:
            known.setdefault(_spelled(origin), set()).update(_taken_keys(db, origin))
    db.execute("DELETE FROM sellers")
    db.execute(
        "DELETE FROM settings WHERE key IN (SELECT 'keys of ' || value FROM json_each(?))", (_names(rows),)
    )
    db.executemany("INSERT INTO sellers VALUES (?, ?, ?)", [(name, *seller) for name, seller in met.items()])
    db.executemany(
        "INSERT INTO settings VALUES (?, ?)",
        [(f"keys of {name}", json.dumps(sorted(keys)).encode()) for name, keys in known.items() if keys],
    )


def _names(rows: list[tuple[str, str, int]]) -> str:
    return json.dumps([origin for origin, _, _ in rows])


def _taken_keys(db: sqlite3.Connection, origin: str) -> list[str]:
    row = db.execute("SELECT value FROM settings WHERE key = ?", (f"keys of {origin}",)).fetchone()
    return [] if row is None else list(json.loads(row[0]))


def _limits(db: sqlite3.Connection) -> None:
    """The sellers that the owner allows; a limit that nothing fits would forbid them all."""
    row = db.execute("SELECT value FROM settings WHERE key = 'limits'").fetchone()
    if row is None:
        return
    limits: Mapping[str, object] = json.loads(row[0])
    sellers = limits.get("sellers")
    if isinstance(sellers, list):
        spelled = {**limits, "sellers": list(dict.fromkeys(_spelled(one) for one in sellers))}
        db.execute("UPDATE settings SET value = ? WHERE key = 'limits'", (json.dumps(spelled).encode(),))


def _spelled_kind(kind: str) -> str:
    """A job's name: JSON, with the address in the second place where something is bought."""
    try:
        words = json.loads(kind)
    except ValueError:
        return kind
    if (
        not isinstance(words, list)
        or words[:1] != ["images"]
        or not all(isinstance(w, str) for w in words[1:2])
    ):
        return kind
    return json.dumps([words[0], *map(_spelled, words[1:2]), *words[2:]])


def _spelled(origin: str) -> str:
    """Small letters, no dot at the host's end, no default port, no slash at the end; what is no address stays."""
    try:
        parts = urlsplit(origin)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
        name = f"[{IPv6Address(host).compressed}]" if ":" in host else host.removesuffix(".").lower()
    except ValueError:
        return origin
    if parts.scheme not in _PORTS or not name or parts.username is not None or parts.query or parts.fragment:
        return origin
    place = "" if port in {None, _PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{name}{place}{parts.path.rstrip('/')}"
