"""What is lacking on our side for a while: a part that cannot be reached, or room for more."""

from paywall.errors.base import Unavailable


class BurnBacklogFull(Unavailable):
    code, title = "burn_backlog_full", "Too many burns wait for the custodial wallet; no credit was taken"
    retry_after = 30


class SignerUnavailable(Unavailable):
    code, title = "signer_unavailable", "The signing key cannot be reached"


class StorageUnavailable(Unavailable):
    # No more than that: whose COMMIT was not answered, his work may stand. The key, or the payment, tells it again.
    code, title = "storage_unavailable", "The database is not available; ask again, with the same key"


class SupplyExhausted(Unavailable):
    code, title = "supply_exhausted", "There are no tokens for more credits; nothing was sold"
    retry_after = 60
