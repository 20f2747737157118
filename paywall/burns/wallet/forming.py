"""Statements that close waiting burns into a batch, as far as the wallet's tokens go."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, text, update
from sqlmodel import col, select

from paywall.burns import store
from paywall.burns.tables import BurnBatchRow, BurnRow
from paywall.database.engine import Transaction
from shared import merkle
from shared.cardano.metadata import SUM_TREE

_BURN = BurnRow.__table__.c  # type: ignore[attr-defined]
# Columns and one statement for all of them, not objects: a thousand of those hold up the API for 60 ms.
_WAITING = (
    select(_BURN.redemption_id, _BURN.salt, _BURN.commitment, _BURN.quantity)
    .where(_BURN.batch_id.is_(None))
    .order_by(_BURN.created_at, _BURN.redemption_id)
    .with_for_update(skip_locked=True)
)
_SQLITE_LEAVES = "SELECT value AS burn, key AS leaf FROM json_each(:burns)"
_POSTGRESQL_LEAVES = (
    "SELECT burn, leaf - 1 AS leaf"
    " FROM json_array_elements_text(CAST(:burns AS json)) WITH ORDINALITY AS found (burn, leaf)"
)
_CLOSE = {
    dialect: text(
        "UPDATE burn SET batch_id = :batch, leaf_index = leaves.leaf"  # noqa: S608  our own texts
        f" FROM ({leaves}) AS leaves WHERE redemption_id = leaves.burn"
    )
    for dialect, leaves in (("sqlite", _SQLITE_LEAVES), ("postgresql", _POSTGRESQL_LEAVES))
}


def form_batch(tx: Transaction, batch_id: str, policy_id: str, limit: int, now: int, *, tokens: int) -> int:
    """Close waiting burns of at most `tokens` tokens into a new batch, oldest first; how many.

    One that is too large is passed over: those after it need not wait with it for the wallet to be filled. The
    caller holds the wallet's lease.
    """
    burns = _that_fit(tx.connection.execute(_WAITING.limit(limit)).all(), tokens)
    if not burns:
        return 0
    newest = tx.session.exec(select(func.max(BurnBatchRow.number))).one()
    root = merkle.root([store.leaf_of(burn) for burn in burns])
    tx.session.add(
        BurnBatchRow(
            id=batch_id,
            policy_id=policy_id,
            number=(newest or 0) + 1,
            root=root.hash,
            version=SUM_TREE,
            size=len(burns),
            quantity=root.sum,
            created_at=now,
            updated_at=now,
        )
    )
    tx.session.flush()
    order = json.dumps([burn.redemption_id for burn in burns])
    tx.connection.execute(_CLOSE[tx.connection.dialect.name], {"batch": batch_id, "burns": order})
    return len(burns)


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
