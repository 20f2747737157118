"""Statements on burns, batches and attempts; each takes the transaction first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, update
from sqlmodel import col, select

from paywall.burns.states import IN_FLIGHT
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow, BurnRow
from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion, Values
from shared import merkle
from shared.merkle import SumNode

_INSERT = Insertion(BurnRow, ["redemption_id", "salt", "commitment", "quantity", "created_at"])
_burn = BurnRow.__table__.c  # type: ignore[attr-defined]


def leaf_of(burn: BurnRow | Row[Any]) -> SumNode:
    """Of a burn, or of a row with its salt, commitment and quantity."""
    return merkle.leaf(burn.salt, burn.commitment, burn.quantity)


def insert(
    tx: Transaction, redemption_id: str, salt: bytes, commitment: bytes, *, quantity: int, now: int
) -> None:
    """The duty to burn `quantity` tokens; the primary key refuses a second one for the same redemption.

    `salt` (16 bytes) and `commitment` (32 bytes) make the leaf that proves it.
    """
    _INSERT.one(tx, (redemption_id, salt, commitment, quantity, now))


def insert_many(tx: Transaction, rows: Sequence[Values]) -> bool:
    """`insert` of each: redemption, salt, commitment, quantity, now. False where one is there already."""
    return _INSERT.many(tx, rows)


def waiting(tx: Transaction, *, most: int | None = None) -> tuple[int, int | None]:
    """How many burns wait for a batch, and since when the oldest does; counted up to `most`, the oldest first."""
    rows = select(_burn.created_at).where(_burn.batch_id.is_(None)).order_by(_burn.created_at).limit(most)
    found = rows.subquery()
    count, oldest = tx.session.exec(select(func.count(), func.min(found.c.created_at))).one()
    return int(count), oldest


@dataclass(frozen=True, slots=True)
class Flight:
    """A batch and its attempts, oldest first, as they were read."""

    batch: BurnBatchRow
    attempts: list[BurnAttemptRow]

    @property
    def attempt(self) -> BurnAttemptRow | None:
        """The one that is on the chain, or is being brought there; None for an open batch."""
        return next((one for one in self.attempts if one.tx_hash == self.batch.tx_hash), None)


def flights(tx: Transaction, policy_id: str) -> list[Flight]:
    """What must be looked at: the newest that is confirmed, then those in flight or parked, oldest first.

    While the confirmed transaction in the highest block stands in that block, so do those in the blocks before it.
    """
    rows = list(
        tx.session.exec(
            select(BurnBatchRow)
            .where(BurnBatchRow.policy_id == policy_id, col(BurnBatchRow.state).in_((*IN_FLIGHT, "parked")))
            .order_by(col(BurnBatchRow.number))
        )
    )
    return [_flight(tx, row) for row in (*_confirmed(tx, policy_id, limit=1), *rows)]


def newest_confirmed(tx: Transaction, policy_id: str) -> BurnBatchRow | None:
    """The one in the highest block."""
    return next(iter(_confirmed(tx, policy_id, limit=1)), None)


def confirmed_above(tx: Transaction, policy_id: str, height: int) -> list[BurnBatchRow]:
    """Those in blocks above that height, the highest first."""
    return _confirmed(tx, policy_id, above=height)


def _confirmed(
    tx: Transaction, policy_id: str, *, above: int = -1, limit: int | None = None
) -> list[BurnBatchRow]:
    return list(
        tx.session.exec(
            select(BurnBatchRow)
            .where(BurnBatchRow.policy_id == policy_id, BurnBatchRow.state == "confirmed")
            .where(col(BurnBatchRow.block_height) > above)
            .order_by(col(BurnBatchRow.block_height).desc(), col(BurnBatchRow.number).desc())
            .limit(limit)
        )
    )


def flight(tx: Transaction, batch_id: str) -> Flight | None:
    row = batch(tx, batch_id)
    return _flight(tx, row) if row is not None else None


def _flight(tx: Transaction, row: BurnBatchRow) -> Flight:
    return Flight(
        BurnBatchRow.model_validate(row.model_dump()),
        [BurnAttemptRow.model_validate(one.model_dump()) for one in attempts(tx, row.id)],
    )


def batch(tx: Transaction, batch_id: str) -> BurnBatchRow | None:
    return tx.session.get(BurnBatchRow, batch_id)


def attempt(tx: Transaction, tx_hash: str) -> BurnAttemptRow | None:
    return tx.session.get(BurnAttemptRow, tx_hash)


def stands(tx: Transaction, one: BurnAttemptRow) -> bool:
    """Whether it is the attempt that its batch goes by."""
    found = batch(tx, one.batch_id)
    return found is not None and found.tx_hash == one.tx_hash


def attempts(tx: Transaction, batch_id: str) -> list[BurnAttemptRow]:
    """Oldest first."""
    rows = select(BurnAttemptRow).where(BurnAttemptRow.batch_id == batch_id)
    return list(tx.session.exec(rows.order_by(col(BurnAttemptRow.number))))


def note_submission(tx: Transaction, batch_id: str, tx_hash: str, now: int) -> None:
    """Before the bytes leave: so that whoever comes next looks for them first."""
    tx.session.exec(
        update(BurnBatchRow)
        .where(col(BurnBatchRow.id) == batch_id, col(BurnBatchRow.tx_hash) == tx_hash)
        .values(state="submitted", updated_at=now)
    )
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
    tx_hash: str | None,
    sighting: Sighting | None = None,
) -> bool:
    """Move on what was looked at; False when another worker has moved it on since.

    One UPDATE with its guard in the WHERE clause: still in the state and with the transaction that was looked
    at. Without the latter, one who looked at an old attempt could undo what is known of the new one.
    """
    done = tx.session.exec(
        update(BurnBatchRow)
        .where(
            col(BurnBatchRow.id) == looked_at.id,
            col(BurnBatchRow.state) == looked_at.state,
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


def states(tx: Transaction, policy_id: str) -> dict[str, int]:
    """How many batches are in each state that is not final."""
    rows = tx.session.exec(
        select(BurnBatchRow.state, func.count())
        .where(BurnBatchRow.policy_id == policy_id, col(BurnBatchRow.state) != "confirmed")
        .group_by(col(BurnBatchRow.state))
    )
    return {state: int(count) for state, count in rows}


def parked(tx: Transaction, policy_id: str) -> int:
    return states(tx, policy_id).get("parked", 0)


def count_in_flight(tx: Transaction, policy_id: str) -> int:
    return sum(count for state, count in states(tx, policy_id).items() if state in IN_FLIGHT)


def resume_parked(tx: Transaction, policy_id: str, now: int) -> int:
    """Parked → lost; how many."""
    done = tx.session.exec(
        update(BurnBatchRow)
        .where(col(BurnBatchRow.policy_id) == policy_id, col(BurnBatchRow.state) == "parked")
        .values(state="lost", updated_at=now)
    )
    return int(done.rowcount)
