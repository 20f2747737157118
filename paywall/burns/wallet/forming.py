"""Statements that close waiting burns into a batch, as far as the wallet's tokens go."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, text, update
from sqlmodel import col, select

from paywall.burns import store
from paywall.burns.tables import BurnBatchRow, BurnRow
from paywall.database.engine import Transaction
from shared import merkle
from shared.cardano.metadata import SUM_TREE
from shared.merkle import SumNode

_BURN = BurnRow.__table__.c  # type: ignore[attr-defined]
# Columns and one statement for all of them, not objects: a thousand of those hold up the API for 60 ms.
_WAITING = (
    select(_BURN.redemption_id, _BURN.salt, _BURN.commitment, _BURN.quantity)
    .where(_BURN.batch_id.is_(None))
    .order_by(_BURN.created_at, _BURN.redemption_id)
)
_SQLITE_LEAVES = "SELECT value AS burn, key AS leaf FROM json_each(:burns)"
_POSTGRESQL_LEAVES = (
    "SELECT burn, leaf - 1 AS leaf"
    " FROM json_array_elements_text(CAST(:burns AS json)) WITH ORDINALITY AS found (burn, leaf)"
)
_CLOSE = {
    dialect: text(
        "UPDATE burn SET batch_id = :batch, leaf_index = leaves.leaf"  # noqa: S608  our own texts
        f" FROM ({leaves}) AS leaves WHERE redemption_id = leaves.burn AND batch_id IS NULL"
    )
    for dialect, leaves in (("sqlite", _SQLITE_LEAVES), ("postgresql", _POSTGRESQL_LEAVES))
}


class BurnsTaken(Exception):
    """One of the burns of a draft is in a batch by now."""


class DraftBatch(NamedTuple):
    """The burns of a batch that is not there yet, in the order of their leaves."""

    burns: tuple[str, ...]
    root: SumNode


def draft_batch(tx: Transaction, limit: int, *, tokens: int) -> DraftBatch | None:
    """Of waiting burns of at most `tokens` tokens, oldest first; None where none fits.

    One that is too large is passed over: those after it need not wait with it for the wallet to be filled. Only read:
    writers do not wait while a thousand leaves are hashed.
    """
    burns = _that_fit(tx.connection.execute(_WAITING.limit(limit)).all(), tokens)
    if not burns:
        return None
    root = merkle.root([store.leaf_of(burn) for burn in burns])
    return DraftBatch(tuple(burn.redemption_id for burn in burns), root)


def form_batch(tx: Transaction, batch_id: str, policy_id: str, draft: DraftBatch, now: int) -> BurnBatchRow:
    """Close its burns into a batch, which is returned. The caller has held the wallet's lease since before they were
    read.

    Errors: BurnsTaken, and nothing is to be kept of this transaction then.
    """
    newest = tx.session.exec(select(func.max(BurnBatchRow.number))).one()
    batch = BurnBatchRow(
        id=batch_id,
        policy_id=policy_id,
        number=(newest or 0) + 1,
        root=draft.root.hash,
        version=SUM_TREE,
        size=len(draft.burns),
        quantity=draft.root.sum,
        created_at=now,
        updated_at=now,
    )
    tx.session.add(
        BurnBatchRow.model_validate(batch.model_dump())
    )  # a copy: what is returned outlives the session
    tx.session.flush()
    bound = {"batch": batch_id, "burns": json.dumps(draft.burns)}
    if tx.connection.execute(_CLOSE[tx.connection.dialect.name], bound).rowcount != len(draft.burns):
        raise BurnsTaken
    return batch


def _that_fit(burns: Sequence[Any], tokens: int) -> list[Any]:
    """`burns` are rows of `_WAITING`."""
    found = []
    for burn in burns:
        if burn.quantity <= tokens:
            found.append(burn)
            tokens -= burn.quantity
    return found


def dissolve(tx: Transaction, batch_id: str) -> bool:
    """The burns of a batch that has no attempt wait again; False when it has one: that commits to its root."""
    if store.attempts(tx, batch_id):
        return False
    tx.session.exec(
        update(BurnRow).where(col(BurnRow.batch_id) == batch_id).values(batch_id=None, leaf_index=None)
    )
    tx.session.exec(
        delete(BurnBatchRow).where(col(BurnBatchRow.id) == batch_id, col(BurnBatchRow.state) == "open")
    )
    return True
