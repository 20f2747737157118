"""Statements on the rate limits; each takes the transaction first."""

from sqlalchemy import text

from paywall.database.engine import Transaction
from paywall.limits.buckets import MINUTE, RateKey

#: one INSERT with its guard: of calls at once in any number of processes no more than the limit pass
_TAKE = text("""INSERT INTO rate (client, kind, full_at) VALUES (:client, :kind, :now + :step)
    ON CONFLICT (client, kind) DO UPDATE
        SET full_at = CASE WHEN rate.full_at > :now THEN rate.full_at ELSE :now END + :step
        WHERE rate.full_at <= :latest
    RETURNING full_at""")
_FULL_AT = text("SELECT full_at FROM rate WHERE client = :client AND kind = :kind")
_FORGET = text("DELETE FROM rate WHERE full_at < :now")


def take(tx: Transaction, bucket: RateKey, now: int, step: int) -> tuple[bool, int]:
    """Whether the call was counted, and until when the bucket is full. Times in microseconds, `step` ≤ a minute."""
    client, kind = bucket
    values = {"client": client, "kind": kind, "now": now, "step": step, "latest": now + MINUTE - step}
    taken = tx.connection.execute(_TAKE, values).scalar()
    if taken is not None:
        return True, int(taken)
    full_at = tx.connection.execute(_FULL_AT, {"client": client, "kind": kind}).scalar()
    return False, int(full_at or now + MINUTE)


def forget(tx: Transaction, now: int) -> None:
    """What lies in the past: an empty bucket is as good as none."""
    tx.connection.execute(_FORGET, {"now": now})
