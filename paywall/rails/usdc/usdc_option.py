"""What is asked for on this rail: how much of which token, and where to. Pure."""

from dataclasses import dataclass

from paywall.rails.base import JSON
from shared.dialects.base import ChargeTerms, ExactTerms
from shared.evm.evm_tokens import CURRENCY, DECIMALS, Token, chain_id
from shared.money import Money, convert
from shared.tokens.prt import PaymentOption

ONE_DOLLAR = Money.parse("1.00 USD")
#: MPP's word for an EIP-3009 authorization
AUTHORIZATION = "authorization"


@dataclass(frozen=True, slots=True)
class UsdcTerms:
    """`network` is a CAIP-2 id. `confirmations` count the block that holds the payment as one."""

    network: str
    token: Token
    recipient: str
    confirmations: int

    @property
    def chain_id(self) -> int:
        return chain_id(self.network)

    def quote(self, option_id: str, price: Money) -> PaymentOption:
        """A dollar is a coin."""
        coins = convert(price, ONE_DOLLAR, DECIMALS, CURRENCY)
        return PaymentOption(
            id=option_id,
            amount=coins.amount,
            decimals=DECIMALS,
            currency=CURRENCY,
            recipient=self.recipient,
            network=self.network,
        )

    def exact(self, option: PaymentOption) -> ExactTerms:
        """The option as x402's specification of `exact` on EVM has it; payers sign for the domain in `extra`."""
        extra = {"name": self.token.name, "version": self.token.version}
        return ExactTerms(option.id, self.network, self.token.address, option.amount, option.recipient, extra)

    def charge(self, option: PaymentOption) -> ChargeTerms:
        """The option as MPP's method `evm` has it; `network` is for our own reader."""
        details = {
            "chainId": self.chain_id,
            "credentialTypes": [AUTHORIZATION],
            "decimals": DECIMALS,
            "network": self.network,
        }
        return ChargeTerms(option.id, "evm", self.token.address, option.amount, option.recipient, details)

    def describe(self) -> dict[str, JSON]:
        """For the catalog."""
        return {
            "network": self.network,
            "currency": CURRENCY,
            "decimals": DECIMALS,
            "recipient": self.recipient,
            "rate": str(ONE_DOLLAR),
            "asset": self.token.address,
            "confirmations": self.confirmations,
        }
