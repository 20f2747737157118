"""A wish to redeem, and the reservation that it becomes: pure."""

from dataclasses import dataclass

from shared.redemption_commitment import commitment
from shared.tokens.dpop import HolderProof


@dataclass(frozen=True, slots=True)
class RedemptionRequest:
    """A wish to redeem one credit. `request_hash` is that of `shared/redemption_commitment.py`, in hex."""

    id: str
    account_id: str
    product: str
    idempotency_key: str
    request_hash: str
    subject_kind: str
    subject_text: str
    holder_proof: HolderProof | None


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reserved credit; `attempt` is the guard that keeps a late finisher from capturing another's."""

    id: str
    account_id: str
    idempotency_key: str
    request_hash: str
    attempt: int
    subject_kind: str
    subject_text: str
    credits_remaining: int

    @property
    def commitment(self) -> bytes:
        """What the burn's leaf binds. An account has the id of the receipt that opened it."""
        asked = bytes.fromhex(self.request_hash)
        return commitment(self.account_id, self.id, asked, self.idempotency_key)
