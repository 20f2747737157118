"""Step 5 of a request: what anybody needs to check a redemption against the chain without trusting us."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paywall.burns import store
from paywall.burns.tables import BurnAttemptRow
from paywall.credits import store as credit_store
from paywall.database.engine import Database, Transaction
from paywall.errors import NotFound, PaywallError
from paywall.proofs import burns
from paywall.proofs import store as proof_store
from paywall.proofs.store import BurnRecord
from paywall.redemptions import holder_proofs
from paywall.redemptions import store as redemption_store
from paywall.redemptions.access import Principal, use_up
from paywall.redemptions.deliveries import stored_delivery
from paywall.redemptions.fulfilment import StoredDelivery
from paywall.redemptions.resource import Resource
from paywall.redemptions.tables import RedemptionRow


@dataclass(frozen=True, slots=True)
class HeldUse:
    """What its holder sees of a redemption: the request as asked and as performed, and what was delivered.

    `resource` is None for what is no longer on offer, `delivery` while there is none.
    """

    request: Mapping[str, Any]
    document: Mapping[str, Any]
    resource: Resource | None
    delivery: StoredDelivery | None


@dataclass(frozen=True, slots=True)
class ShownRedemption:
    """What may be seen of a redemption; `burn` is as JSON, `use` None for all but its holder."""

    id: str
    state: str
    product: str
    burn: dict[str, Any] | None
    use: HeldUse | None


class Proofs:
    """What proves redemptions and burns; reading changes nothing but the holder proofs that were used.

    `token` is the asset that is burned, "<policyId>.<nameHex>"; None for a seller without burns.
    """

    def __init__(
        self, *, database: Database, resources: Mapping[str, Resource], token: str | None, confirmations: int
    ) -> None:
        self._database = database
        self._resources = resources
        self._token = token
        self._confirmations = confirmations

    async def redemption(self, redemption_id: str, principal: Principal | None) -> ShownRedemption:
        """What anybody may see; to the holder whose redemption it is, the leaf's preimage and the use itself besides.

        Another holder is a stranger like any. Errors: NotFound, HolderProofInvalid (used before).
        """
        if principal is None:
            return await self._database.read(lambda tx: self._redemption(tx, redemption_id, None))

        def use_and_read(tx: Transaction) -> ShownRedemption:
            if principal.proof is not None:
                holder_proofs.use_proof(tx, principal.proof)
            return self._redemption(tx, redemption_id, principal.account_id)

        try:
            return await self._database.transact(use_and_read)
        except PaywallError:
            await use_up(self._database, principal.proof)
            raise

    def _redemption(self, tx: Transaction, redemption_id: str, account_id: str | None) -> ShownRedemption:
        row = redemption_store.find(tx, redemption_id)
        account = credit_store.balance(tx, row.account_id) if row is not None else None
        if row is None or account is None:
            raise NotFound("There is no such redemption.")
        record = proof_store.record(tx, redemption_id)
        burn = self._burn(record, row, account_id) if record is not None else None
        use = self._use(row) if row.account_id == account_id else None
        return ShownRedemption(row.id, row.state, account.product, burn, use)

    def _use(self, row: RedemptionRow) -> HeldUse:
        resource = self._resources.get(row.resource)
        delivery = stored_delivery(resource, row) if resource is not None else None
        return HeldUse(json.loads(row.request), json.loads(row.document), resource, delivery)

    def _burn(self, record: BurnRecord, row: RedemptionRow, account_id: str | None) -> dict[str, Any]:
        shown = burns.shown(record, self._token, self._confirmations)
        return shown | (burns.shown_to_holder(record, row) if row.account_id == account_id else {})

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
            "state": burns.public_state(batch) if current else "replaced",
            "version": batch.version,
            "root": batch.root.hex(),
            "sum": batch.quantity,
            "count": batch.size,
            "fee": attempt.fee,
            "fee_per_redemption": -(-attempt.fee // batch.size),
            **({} if self._token is None else {"token": self._token}),
            "confirmations": batch.confirmations if current else 0,
            "required": self._confirmations,
            "block": {"height": batch.block_height, "hash": batch.block_hash} if seen else None,
        }
