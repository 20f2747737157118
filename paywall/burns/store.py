"""Statements on burns, batches and attempts; each takes the transaction first."""

from dataclasses import dataclass

from sqlalchemy import func, update
from sqlmodel import col, select

from paywall.burns.states import IN_FLIGHT
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow, BurnRow
from paywall.database import Transaction
from paywall.statements import Hot
from shared import merkle

_INSERT = Hot(lambda insert: insert(BurnRow), ["redemption_id", "salt", "created_at"])
_OPEN_BATCH = Hot(
    lambda insert: insert(BurnBatchRow).on_conflict_do_nothing().returning(BurnBatchRow.__table__.c.id),  # type: ignore[attr-defined]
    ["id", "policy_id", "root", "size", "state", "confirmations", "created_at", "updated_at"],
)
_burn = BurnRow.__table__.c  # type: ignore[attr-defined]


def insert(tx: Transaction, redemption_id: str, salt: bytes, now: int) -> None:
    """The duty to burn; the primary key refuses a second one for the same redemption."""
    tx.run(_INSERT, redemption_id=redemption_id, salt=salt, created_at=now)


def waiting(tx: Transaction) -> tuple[int, int | None]:
    """How many burns wait for a batch, and since when the oldest does."""
    count, oldest = tx.session.exec(
        select(func.count(), func.min(_burn.created_at)).where(col(BurnRow.batch_id).is_(None))
    ).one()
    return int(count), oldest


def take_batch(tx: Transaction, batch_id: str, policy_id: str, limit: int, now: int) -> int:
    """Close the waiting burns into a new batch, oldest first; how many. 0 when none wait or a batch is open.

    The unique key on in-flight batches refuses a second one, whoever else tries at the same time.
    """
    if in_flight(tx, policy_id) is not None:
        return 0
    burns = tx.session.exec(
        select(BurnRow)
        .where(col(BurnRow.batch_id).is_(None))
        .order_by(_burn.created_at, _burn.redemption_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not burns:
        return 0
    leaves = [merkle.redemption_leaf(burn.redemption_id, burn.salt) for burn in burns]
    opened = tx.run(
        _OPEN_BATCH,
        id=batch_id,
        policy_id=policy_id,
        root=merkle.root(leaves),
        size=len(burns),
        state="open",
        confirmations=0,
        created_at=now,
        updated_at=now,
    )
    if not opened:
        return 0  # another worker was first; the burns stay as they are
    for index, burn in enumerate(burns):
        burn.batch_id = batch_id
        burn.leaf_index = index
    return len(burns)


def in_flight(tx: Transaction, policy_id: str) -> BurnBatchRow | None:
    return tx.session.exec(
        select(BurnBatchRow).where(
            BurnBatchRow.policy_id == policy_id, col(BurnBatchRow.state).in_(IN_FLIGHT)
        )
    ).one_or_none()


def batch(tx: Transaction, batch_id: str) -> BurnBatchRow | None:
    return tx.session.get(BurnBatchRow, batch_id)


def newest_attempt(tx: Transaction, batch_id: str) -> BurnAttemptRow | None:
    return tx.session.exec(
        select(BurnAttemptRow)
        .where(BurnAttemptRow.batch_id == batch_id)
        .order_by(col(BurnAttemptRow.number).desc())
        .limit(1)
    ).one_or_none()


def attempt(tx: Transaction, tx_hash: str) -> BurnAttemptRow | None:
    return tx.session.get(BurnAttemptRow, tx_hash)


def attempts(tx: Transaction, batch_id: str) -> list[BurnAttemptRow]:
    """Oldest first."""
    rows = select(BurnAttemptRow).where(BurnAttemptRow.batch_id == batch_id)
    return list(tx.session.exec(rows.order_by(col(BurnAttemptRow.number))))


def note_submission(tx: Transaction, tx_hash: str, now: int) -> None:
    tx.session.exec(
        update(BurnAttemptRow).where(col(BurnAttemptRow.tx_hash) == tx_hash).values(submitted_at=now)
    )


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where an attempt was seen: its block, and how deep."""

    block_hash: str
    block_height: int
    confirmations: int


def move_batch(
    tx: Transaction,
    looked_at: BurnBatchRow,
    state: str,
    now: int,
    *,
    tx_hash: str,
    sighting: Sighting | None = None,
) -> bool:
    """Move on what was looked at; False when another worker has moved it on since.

    One UPDATE with its guard in the WHERE clause: still in flight, and still with the transaction that was
    looked at. Without the latter, one who looked at an old attempt could undo what is known of the new one.
    """
    done = tx.session.exec(
        update(BurnBatchRow)
        .where(
            col(BurnBatchRow.id) == looked_at.id,
            col(BurnBatchRow.state).in_(IN_FLIGHT),
            col(BurnBatchRow.tx_hash).is_not_distinct_from(looked_at.tx_hash),
        )
        .values(
            state=state,
            tx_hash=tx_hash,
            block_hash=sighting.block_hash if sighting else None,
            block_height=sighting.block_height if sighting else None,
            confirmations=sighting.confirmations if sighting else 0,
            updated_at=now,
        )
    )
    return done.rowcount == 1


@dataclass(frozen=True, slots=True)
class BurnRecord:
    """A burn with all that proves it. Batch, attempt and proof are None or empty while it waits."""

    burn: BurnRow
    batch: BurnBatchRow | None
    proof: tuple[bytes, ...]


def record(tx: Transaction, redemption_id: str) -> BurnRecord | None:
    burn = tx.session.get(BurnRow, redemption_id)
    if burn is None:
        return None
    if burn.batch_id is None or burn.leaf_index is None:
        return BurnRecord(burn, None, ())
    rows = tx.session.exec(
        select(_burn.redemption_id, _burn.salt)
        .where(_burn.batch_id == burn.batch_id)
        .order_by(_burn.leaf_index)
    ).all()
    leaves = [merkle.redemption_leaf(redemption_id, salt) for redemption_id, salt in rows]
    return BurnRecord(burn, batch(tx, burn.batch_id), tuple(merkle.proof(leaves, burn.leaf_index)))
