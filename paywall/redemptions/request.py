"""A request to redeem credits, and the reservation that it becomes: pure."""

from typing import NamedTuple

from paywall.credits.accounts import receipt_of
from shared.redemption_commitment import commitment
from shared.tokens.dpop import HolderProof


class RedemptionRequest(NamedTuple):
    """A request to use `resource` once for `quantity` credits.

    `request` is the canonical JSON of what was asked, `request_hash` its hash (`shared/redemption_commitment.py`)
    in hex; `document` is the JSON text of what is performed. `owes_burn`: the payment request promised a burn for
    each credit.
    """

    id: str
    account_id: str
    product: str
    resource: str
    quantity: int
    idempotency_key: str
    request: str
    request_hash: str
    document: str
    owes_burn: bool
    holder_proof: HolderProof | None

    @property
    def is_repeatable(self) -> bool:
        """Whether its client has a key to ask again by."""
        return self.idempotency_key != own_key(self.id)


def own_key(redemption_id: str) -> str:
    """The idempotency key of a redemption that its client gave none."""
    return f"redemption {redemption_id}"


class Reservation(NamedTuple):
    """Reserved credits; `attempt` is the guard that keeps a late finisher from capturing another's."""

    id: str
    account_id: str
    attempt: int
    quantity: int
    idempotency_key: str
    request_hash: str
    document: str
    owes_burn: bool
    credits_remaining: int

    @property
    def commitment(self) -> bytes:
        """What the burn's leaf binds."""
        asked = bytes.fromhex(self.request_hash)
        return commitment(receipt_of(self.account_id), self.id, asked, self.idempotency_key)
