"""A wish to redeem, and the reservation that it becomes: pure."""

from dataclasses import dataclass

from shared.tokens.dpop import HolderProof


@dataclass(frozen=True, slots=True)
class RedemptionRequest:
    """A wish to redeem one credit. `request_hash` is of the subject as asked (SHA-256, hex)."""

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
    attempt: int
    subject_kind: str
    subject_text: str
    credits_remaining: int
