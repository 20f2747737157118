"""The rail `voucher`: codes that are worth so many cents, each of which pays once."""

from collections.abc import Mapping

from paywall.errors import ClaimInvalid, PaymentMismatch
from paywall.rails.base import JSON, CheckedPayment, RailOutcome, Settled, StoredPayment
from shared.dialects.base import Evidence, StoredRequest
from shared.money import Money
from shared.tokens.prt import PaymentOption

NETWORK = "voucher:shop"


class VoucherRail:
    id = "voucher"

    def __init__(self, codes: Mapping[str, int], now: int) -> None:
        """`codes` → cents that they are worth."""
        self._codes = codes
        self._now = now

    def quote(self, price: Money) -> PaymentOption:
        return PaymentOption(self.id, price.amount, 2, "USD", "the shop", NETWORK)

    def describe(self) -> Mapping[str, JSON]:
        return {"id": self.id, "network": NETWORK, "currency": "USD", "decimals": 2}

    def external_id(self, evidence: Evidence) -> str:
        code = evidence.payload.get("voucher")
        if not isinstance(code, str):
            raise ClaimInvalid("A voucher has a code.")
        return code

    async def check(self, request: StoredRequest, evidence: Evidence) -> CheckedPayment:
        code = self.external_id(evidence)
        if code not in self._codes:
            raise PaymentMismatch("No such voucher.")
        owners = frozenset({evidence.payer})
        return CheckedPayment(code, self._codes[code], self._now, owners, {"shelf": 7})

    async def settle(self, payment: StoredPayment) -> RailOutcome:
        assert payment.state == {"shelf": 7}
        return Settled(self._now, 1)

    def receipt_metadata(self, payment: StoredPayment) -> Mapping[str, str]:
        return {"network": NETWORK, "voucher": payment.external_id}

    async def aclose(self) -> None:
        """Nothing is held open."""
