"""Step 5 of a request: what anybody needs to check a redemption against the chain without trusting us."""

from typing import Any

from paywall.burns import store
from paywall.burns.tables import BurnAttemptRow
from paywall.credits import store as credit_store
from paywall.credits.store import Balance
from paywall.database.engine import Database, Transaction
from paywall.errors import NotFound, ReceiptInvalid, Unavailable
from paywall.proofs import burns
from paywall.proofs import store as proof_store
from paywall.redemptions import store as redemption_store
from paywall.redemptions.access import Principal
from paywall.redemptions.redeeming import PictureStore
from paywall.redemptions.tables import RedemptionRow


class Proofs:
    """Reads alone. `token` is the asset that is burned, "<policyId>.<nameHex>"."""

    def __init__(
        self, *, database: Database, pictures: PictureStore, token: str, product: str, confirmations: int
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._token = token
        self._product = product
        self._confirmations = confirmations

    async def balance(self, access: Principal) -> Balance:
        """Errors: ReceiptInvalid when the receipt opened no account here, or its proof was used before."""

        def use_and_read(tx: Transaction) -> Balance | None:
            if access.proof is not None:
                redemption_store.use_proof(tx, access.proof)
            return credit_store.balance(tx, access.receipt.id)

        balance = await self._database.transact(use_and_read)
        if balance is None:
            raise ReceiptInvalid("This receipt opened no credits here.")
        return balance

    async def redemption(self, redemption_id: str, access: Principal | None) -> dict[str, Any]:
        """What anybody may see; to the holder whose redemption it is, the leaf's preimage besides.

        Another holder is a stranger like any. Errors: NotFound, HolderProofInvalid (used before).
        """
        if access is None:
            return await self._database.read(lambda tx: self._redemption(tx, redemption_id, None))

        def use_and_read(tx: Transaction) -> dict[str, Any]:
            if access.proof is not None:
                redemption_store.use_proof(tx, access.proof)
            return self._redemption(tx, redemption_id, access.receipt.id)

        return await self._database.transact(use_and_read)

    def _redemption(self, tx: Transaction, redemption_id: str, receipt_id: str | None) -> dict[str, Any]:
        row = redemption_store.find(tx, redemption_id)
        if row is None:
            raise NotFound("There is no such redemption.")
        record = proof_store.record(tx, redemption_id)
        burn = burns.shown(record, self._token, self._confirmations) if record is not None else None
        if record is not None and burn is not None and row.account_id == receipt_id:
            burn |= burns.shown_to_holder(record, row)
        return {
            "redemption_id": row.id,
            "state": row.state,
            "product": self._product,
            "image": _image(row),
            "burn": burn,
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
            "state": burns.public_state(batch) if current else "replaced",
            "version": batch.version,
            "root": batch.root.hex(),
            "sum": batch.quantity,
            "count": batch.size,
            "fee": attempt.fee,
            "fee_per_redemption": -(-attempt.fee // batch.size),
            "token": self._token,
            "confirmations": batch.confirmations if current else 0,
            "required": self._confirmations,
            "block": {"height": batch.block_height, "hash": batch.block_hash} if seen else None,
        }

    async def picture(self, image_id: str) -> tuple[bytes, str, str]:
        """(bytes, media type, sha256 hex). Errors: NotFound, Unavailable."""
        row = await self._database.read(lambda tx: redemption_store.by_image(tx, image_id))
        if row is None or row.image_type is None or row.image_sha256 is None:
            raise NotFound("There is no such picture.")
        data = await self._pictures.get(image_id)
        if data is None:
            raise Unavailable("The picture cannot be read at the moment.")
        return data, row.image_type, row.image_sha256


def _image(row: RedemptionRow) -> dict[str, Any] | None:
    if row.image_id is None:
        return None
    return {"url": f"/api/images/{row.image_id}", "media_type": row.image_type, "sha256": row.image_sha256}
