"""Step 5 of a request: what anybody needs to check a redemption against the chain without trusting us."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paywall.burns import store
from paywall.burns.states import IN_FLIGHT
from paywall.burns.store import BurnRecord
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.database.engine import Database, Transaction
from paywall.errors import NotFound
from paywall.redemptions import store as redemption_store
from paywall.redemptions.fulfilment import StoredDelivery
from paywall.redemptions.redeeming import stored_delivery
from paywall.redemptions.resource import Resource


@dataclass(frozen=True, slots=True)
class ShownRedemption:
    """What anybody may see of a redemption; `burn` is as JSON."""

    id: str
    state: str
    resource: Resource
    delivery: StoredDelivery | None
    burn: dict[str, Any] | None


class Proofs:
    """Reads alone. `token` is the asset that is burned, "<policyId>.<nameHex>"; None for a seller without burns."""

    def __init__(
        self, *, database: Database, resources: Mapping[str, Resource], token: str | None, confirmations: int
    ) -> None:
        self._database = database
        self._resources = resources
        self._token = token
        self._confirmations = confirmations

    async def redemption(self, redemption_id: str) -> ShownRedemption:
        """Errors: NotFound."""
        return await self._database.read(lambda tx: self._redemption(tx, redemption_id))

    def _redemption(self, tx: Transaction, redemption_id: str) -> ShownRedemption:
        row = redemption_store.find(tx, redemption_id)
        resource = self._resources.get(row.resource) if row is not None else None
        if row is None or resource is None:
            raise NotFound("There is no such redemption.")
        record = store.record(tx, redemption_id)
        burn = self._burn(record) if record is not None else None
        return ShownRedemption(row.id, row.state, resource, stored_delivery(resource, row), burn)

    def _burn(self, record: BurnRecord) -> dict[str, Any]:
        shown = {"state": "waiting", "token": self._token, "salt": record.burn.salt.hex()}
        if record.batch is None:
            return shown
        return shown | {
            "state": public_state(record.batch),
            "leaf_index": record.burn.leaf_index,
            "tree_size": record.batch.size,
            "proof": [node.hex() for node in record.proof],
            "root": record.batch.root.hex(),
            "tx_hash": record.batch.tx_hash,
            "confirmations": record.batch.confirmations,
            "required": self._confirmations,
        }

    async def burn(self, tx_hash: str) -> dict[str, Any]:
        """The batch that a transaction burns. Errors: NotFound."""
        return await self._database.read(lambda tx: self._batch(tx, tx_hash))

    def _batch(self, tx: Transaction, tx_hash: str) -> dict[str, Any]:
        attempt: BurnAttemptRow | None = store.attempt(tx, tx_hash)
        batch = store.batch(tx, attempt.batch_id) if attempt is not None else None
        if attempt is None or batch is None:
            raise NotFound("There is no such burn transaction.")
        current = batch.tx_hash == tx_hash
        seen = current and batch.block_hash is not None
        return {
            "tx_hash": tx_hash,
            "state": public_state(batch) if current else "replaced",
            "root": batch.root.hex(),
            "count": batch.size,
            "fee": attempt.fee,
            "fee_per_redemption": -(-attempt.fee // batch.size),
            "token": self._token,
            "confirmations": batch.confirmations if current else 0,
            "required": self._confirmations,
            "block": {"height": batch.block_height, "hash": batch.block_hash} if seen else None,
        }


def public_state(batch: BurnBatchRow) -> str:
    """Before it is on chain a batch is "submitted" to the outside, however far it is inside."""
    return "submitted" if batch.state in IN_FLIGHT and batch.state != "seen" else batch.state
