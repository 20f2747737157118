"""What a holder reads without using anything: the credits that are left, and a delivery."""

from paywall.credits import store as credit_store
from paywall.credits.store import Balance
from paywall.database.engine import Database, Transaction
from paywall.errors import NotFound, ReceiptInvalid, Unavailable
from paywall.redemptions import holder_proofs
from paywall.redemptions.access import Principal
from paywall.redemptions.deliveries import body_of, by_delivery, stored_delivery
from paywall.redemptions.resource import Resource


class Reading:
    """Reads for a principal, whose holder proof counts once, and by a delivery's reference."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def balance(self, principal: Principal) -> Balance:
        """Errors: ReceiptInvalid (it opened no account here), HolderProofInvalid (the proof was used before)."""

        def use_and_read(tx: Transaction) -> Balance | None:
            if principal.proof is not None:
                holder_proofs.use_proof(tx, principal.proof)
            return credit_store.balance(tx, principal.account_id)

        found = await self._database.transact(use_and_read)
        if found is None:
            raise ReceiptInvalid("This receipt opened no credits here.")
        return found

    async def delivery(self, resource: Resource, reference: str) -> tuple[bytes, str, str]:
        """(body, media type, sha256 hex) of what was delivered. Errors: NotFound, Unavailable."""
        row = await self._database.read(lambda tx: by_delivery(tx, resource.id, reference))
        found = stored_delivery(resource, row) if row is not None else None
        if row is None or found is None:
            raise NotFound("There is no such delivery.")
        body = await body_of(resource, row)
        if body is None:
            raise Unavailable("The delivery cannot be read at the moment.")
        return body, found.media_type, found.sha256
