"""Statements that find what proves a burn; each takes the transaction first."""

from dataclasses import dataclass

from sqlmodel import select

from paywall.burns import store
from paywall.burns.tables import BurnBatchRow, BurnRow
from paywall.database.engine import Transaction
from shared import merkle
from shared.cardano.metadata import SUM_TREE
from shared.merkle import SumNode

_burn = BurnRow.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class BurnRecord:
    """A burn with all that proves it. `batch` is None while it waits, `path` empty then and in an old plain tree."""

    burn: BurnRow
    batch: BurnBatchRow | None
    path: tuple[SumNode, ...]


def record(tx: Transaction, redemption_id: str) -> BurnRecord | None:
    burn = tx.session.get(BurnRow, redemption_id)
    if burn is None:
        return None
    if burn.batch_id is None or burn.leaf_index is None:
        return BurnRecord(burn, None, ())
    found = store.batch(tx, burn.batch_id)
    if found is None or found.version != SUM_TREE:
        return BurnRecord(burn, found, ())
    rows = tx.session.exec(
        select(_burn.salt, _burn.commitment, _burn.quantity)
        .where(_burn.batch_id == burn.batch_id)
        .order_by(_burn.leaf_index)
    ).all()
    path = merkle.proof([merkle.leaf(*row) for row in rows], burn.leaf_index)
    return BurnRecord(burn, found, tuple(path))
