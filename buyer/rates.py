"""What one ADA is worth to this buyer. Pure."""

from collections.abc import Mapping

from buyer.errors import SellerFault, UsageError
from shared.money import Money, MoneyError

VARIABLE = "BUYER_ADA_USD"
# A tenth of what one ADA is worth on a devnet unless its seller says otherwise.
DEVNET_LEAST = Money(5, "USD", 2)


def ada_price(devnet_rate: Money | None, own_rate: Money | None, least: Money | None = None) -> Money:
    """The price of one ADA to judge amounts by: never below `least`, which is the owner's.

    A seller's rate is believed where the money is play money (`devnet_rate`), and there down to the buyer's own
    rate, or DEVNET_LEAST: at a rate of nothing an ADA, a cent would cost all that the wallet holds.
    """
    if devnet_rate is not None:
        return _highest(devnet_rate, own_rate or DEVNET_LEAST, least)
    if own_rate is None and least is None:
        hint = f'Set {VARIABLE} to what one ADA costs, like "0.50 USD".'
        raise UsageError("rate_missing", "off the devnet the seller's rate is not believed", hint=hint)
    return _highest(own_rate, least)


def own_ada_price(environment: Mapping[str, str]) -> Money | None:
    """BUYER_ADA_USD, in dollars unless it says otherwise; UsageError when it is not an amount of money."""
    text = environment.get(VARIABLE, "")
    try:
        return Money.parse(text if " " in text else f"{text} USD") if text else None
    except MoneyError as error:
        raise UsageError("rate_invalid", f"{VARIABLE} is not the price of one ADA: {error}") from error


def _highest(*rates: Money | None) -> Money:
    try:
        return max(rate for rate in rates if rate is not None)
    except MoneyError as error:
        raise SellerFault("rate_invalid", f"the rates of one ADA cannot be compared: {error}") from error
