"""What is asked for on this rail: dollars, to be paid by ACK Lab. Pure."""

from dataclasses import dataclass

from paywall.rails.base import JSON
from shared import acklab_service
from shared.money import Money, convert
from shared.tokens.prt import PaymentOption

ONE_DOLLAR = Money.parse("1.00 USD")


@dataclass(frozen=True, slots=True)
class AckLabTerms:
    """`service` is where payers pay, `recipient` our DID there, `receipts` where they then get our receipt."""

    service: str
    recipient: str
    receipts: str

    def quote(self, option_id: str, price: Money) -> PaymentOption:
        cents = convert(price, ONE_DOLLAR, acklab_service.DECIMALS, acklab_service.CURRENCY)
        return PaymentOption(
            id=option_id,
            amount=cents.amount,
            decimals=acklab_service.DECIMALS,
            currency=acklab_service.CURRENCY,
            recipient=self.recipient,
            network=acklab_service.NETWORK,
            payment_service=self.service,
            receipt_service=self.receipts,
        )

    def describe(self) -> dict[str, JSON]:
        """For the catalog."""
        return {
            "network": acklab_service.NETWORK,
            "currency": acklab_service.CURRENCY,
            "decimals": acklab_service.DECIMALS,
            "recipient": self.recipient,
            "rate": str(ONE_DOLLAR),
            "service": self.service,
        }
