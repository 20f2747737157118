"""The operator revokes a receipt: nothing on its account can be used any more, whatever becomes of its payment.

transaction: the revocation is stored (its key: the receipt), what is available goes to revoked

What is reserved just now is either used, or revoked when it is released. What was given away before has receipts of
its own, and is revoked by those.
"""

from paywall.clock import Clock
from paywall.credits import store as credit_store
from paywall.credits.accounts import account_of
from paywall.database.engine import Database, Transaction
from paywall.errors import NotFound
from paywall.ops.failpoints import failpoint
from paywall.revocations import store
from shared.text import clean


class Revoking:
    """Revokes receipts for their seller."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def revoke(self, receipt_id: str, reason: str | None) -> int | None:
        """How many credits were taken back; None where it was revoked before. Errors: NotFound."""
        account_id, said = account_of(receipt_id), clean(reason) if reason else None

        def revoke(tx: Transaction) -> int | None:
            now = self._clock()
            if credit_store.balance(tx, account_id) is None:
                raise NotFound("There is no such receipt.")
            if not store.insert(tx, receipt_id, said, now):
                return None
            failpoint("revoke.storing")
            return credit_store.revoke_for_good(tx, account_id, now)

        return await self._database.transact(revoke)
