"""A burn as it is shown: its place in the sum tree to anybody, what the leaf binds to its holder. docs/proof.md"""

from typing import Any

from paywall.burns.states import IN_FLIGHT
from paywall.burns.store import leaf_of
from paywall.burns.tables import BurnBatchRow
from paywall.credits.accounts import receipt_of
from paywall.proofs.store import BurnRecord
from paywall.redemptions.tables import RedemptionRow
from shared.cardano.metadata import SUM_TREE


def shown(record: BurnRecord, token: str | None, required: int) -> dict[str, Any]:
    """What a stranger may see: nothing of it tells who used what. `token` is None for a seller that burns no more."""
    burn, batch = record.burn, record.batch
    version = SUM_TREE if batch is None else batch.version
    seen: dict[str, Any] = {"version": version, "state": "waiting", "quantity": burn.quantity}
    if token is not None:
        seen["token"] = token
    if version == SUM_TREE:
        seen["leaf"] = leaf_of(burn).hash.hex()
    if batch is None:
        return seen
    seen |= {
        "state": public_state(batch),
        "tx_hash": batch.tx_hash,
        "confirmations": batch.confirmations,
        "required": required,
    }
    if version != SUM_TREE:
        return seen  # a plain tree's leaf bound nobody: its path would prove nothing
    return seen | {
        "leaf_index": burn.leaf_index,
        "tree_size": batch.size,
        "path": [{"hash": node.hash.hex(), "sum": node.sum} for node in record.path],
        "root": batch.root.hex(),
        "sum": batch.quantity,
    }


def shown_to_holder(record: BurnRecord, row: RedemptionRow) -> dict[str, Any]:
    """What the leaf hashes, for the holder to check and to hand on; nothing for a leaf that bound nobody."""
    if record.batch is not None and record.batch.version != SUM_TREE:
        return {}
    preimage = {
        "salt": record.burn.salt.hex(),
        "receipt_id": receipt_of(row.account_id),
        "redemption_id": row.id,
        "request_hash": row.request_hash,
        "idempotency_key": row.idempotency_key,
    }
    return {"preimage": preimage}


def public_state(batch: BurnBatchRow) -> str:
    """Before it is on chain a batch is "submitted" to the outside, however far it is inside."""
    return "submitted" if batch.state in IN_FLIGHT and batch.state != "seen" else batch.state
