"""What is asked for on this rail: where to, at which rate, how deep in the chain. Pure."""

from dataclasses import dataclass

from paywall.rails.base import JSON
from shared.dialects.base import ChargeTerms, ExactTerms
from shared.money import Money, convert
from shared.tokens.prt import PaymentOption

ADA_DECIMALS = 6
#: what an output of ADA alone holds at least, by the ledger's rules: 0.97 ADA for the longest address
LEAST_LOVELACE = 1_000_000
#: that x402 has a word for
MOST_CONFIRMATIONS = 20


@dataclass(frozen=True, slots=True)
class CardanoTerms:
    """`rate` is the price of one ADA. `confirmations` count the block that holds the payment as one.

    `final` are those that no fork undoes.
    """

    network: str
    recipient: str
    rate: Money
    confirmations: int
    final: int

    def quote(self, option_id: str, price: Money) -> PaymentOption:
        """What the price is in ADA."""
        ada = convert(price, self.rate, ADA_DECIMALS, "ADA")
        return PaymentOption(
            id=option_id,
            amount=ada.amount,
            decimals=ADA_DECIMALS,
            currency="ADA",
            recipient=self.recipient,
            network=self.network,
        )

    def exact(self, option: PaymentOption) -> ExactTerms:
        """The option as x402's specification of `exact` on Cardano has it."""
        # Of x402 those that follow the block that holds it.
        asked = {"l1Confirmations": min(self.confirmations - 1, MOST_CONFIRMATIONS)}
        extra = {"assetTransferMethod": "default", "confirmationPolicy": asked}
        return ExactTerms(option.id, self.network, "lovelace", option.amount, option.recipient, extra)

    def charge(self, option: PaymentOption) -> ChargeTerms:
        """The option as `docs/mpp-cardano.md` has it."""
        details = {"network": self.network, "confirmations": self.confirmations}
        return ChargeTerms(option.id, "cardano", "lovelace", option.amount, option.recipient, details)

    def describe(self) -> dict[str, JSON]:
        """For the catalog."""
        return {
            "network": self.network,
            "currency": "ADA",
            "decimals": ADA_DECIMALS,
            "recipient": self.recipient,
            "rate": str(self.rate),
            "confirmations": self.confirmations,
        }
