"""What a facilitator answers, in x402's words (v2, section 7 of its specification)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.text import clean
from shared.x402_cardano.reasons import ExactReason, ExactRefusal


@dataclass(frozen=True, slots=True)
class VerifyAnswer:
    """Valid, or why not. `payer` is the address of the nonce's owner, where it is known."""

    reason: ExactReason | None = None
    message: str = ""
    payer: str = ""

    @property
    def valid(self) -> bool:
        return self.reason is None

    @classmethod
    def refused(cls, refusal: ExactRefusal) -> "VerifyAnswer":
        return cls(refusal.reason, refusal.message, refusal.payer)

    def document(self) -> dict[str, Any]:
        """JSON."""
        if self.reason is None:
            return {"isValid": True, "payer": self.payer}
        told = {"isValid": False, "invalidReason": str(self.reason), "invalidMessage": clean(self.message)}
        return {**told, "payer": self.payer}


@dataclass(frozen=True, slots=True)
class SettleAnswer:
    """Settled when there is no reason. `ExactReason.PENDING` is no failure: the same payment may be settled again.

    `repeated`: somebody was told before that it is settled, and may have delivered what it pays for.
    """

    network: str
    transaction: str
    payer: str = ""
    reason: ExactReason | None = None
    message: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    repeated: bool = False

    @property
    def settled(self) -> bool:
        return self.reason is None

    @property
    def pending(self) -> bool:
        return self.reason is ExactReason.PENDING

    def document(self) -> dict[str, Any]:
        """JSON."""
        told: dict[str, Any] = {"success": self.settled}
        if self.reason is not None:
            told |= {"errorReason": str(self.reason), "errorMessage": clean(self.message)}
        told |= {"payer": self.payer, "transaction": self.transaction, "network": self.network}
        return {**told, "extra": {**self.extra, **({"repeated": True} if self.repeated else {})}}
