"""What a fake seller writes down: its sales, and the uses of what it sold."""

from dataclasses import dataclass, field
from typing import Any

from shared import merkle
from shared.merkle import SumNode
from shared.redemption_commitment import commitment
from shared.tokens.prt import PaymentRequest


@dataclass
class Sale:
    request: PaymentRequest
    token: str
    transactions: set[str] = field(default_factory=set)
    receipt: str | None = None


@dataclass
class Use:
    receipt_id: str
    redemption_id: str
    asked: bytes
    key: str
    salt: bytes
    image: bytes
    burn: dict[str, Any] | None = None

    @property
    def leaf(self) -> SumNode:
        bound = commitment(self.receipt_id, self.redemption_id, self.asked, self.key)
        return merkle.leaf(self.salt, bound, 1)

    @property
    def preimage(self) -> dict[str, Any]:
        return {
            "salt": self.salt.hex(),
            "receipt_id": self.receipt_id,
            "redemption_id": self.redemption_id,
            "request_hash": self.asked.hex(),
            "idempotency_key": self.key,
        }
