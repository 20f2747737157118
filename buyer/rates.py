"""What one ADA is worth to this buyer. Pure."""

from collections.abc import Mapping

from buyer.errors import OverBudget, SellerFault, UsageError
from buyer.limits import FOR_THE_OWNER, SpendingLimits
from shared.money import Money, MoneyError

VARIABLE = "BUYER_ADA_USD"
# A tenth of what one ADA is worth on a devnet unless its seller says otherwise.
DEVNET_LEAST = Money(5, "USD", 2)


def ada_price(devnet_rate: Money | None, own_rate: Money | None, limits: SpendingLimits) -> Money:
    """The price of one ADA to judge amounts by: never below the least that the owner names.

    A seller's rate is believed where the money is play money (`devnet_rate`), and there down to the buyer's own
    rate, or DEVNET_LEAST: at a rate of nothing an ADA, a cent would cost all that the wallet holds. Elsewhere the
    rate is the buyer's own; where the owner set ceilings, it is his alone: BUYER_ADA_USD is set by whoever drives the
    buyer, and a low one would make a few dollars all the ADA there is. Errors: UsageError, OverBudget, SellerFault.
    """
    if devnet_rate is not None:
        return _highest(devnet_rate, own_rate or DEVNET_LEAST, limits.ada_usd)
    if limits.ada_usd is None and any(ceiling.currency != "ADA" for ceiling in limits.ceilings()):
        message = "the owner's ceilings need his own word on what one ADA is worth"
        raise OverBudget("owner_rate_missing", message, hint=f"{FOR_THE_OWNER} Here: --ada-usd.")
    if own_rate is None and limits.ada_usd is None:
        hint = f'Set {VARIABLE} to what one ADA costs, like "0.50 USD".'
        raise UsageError("rate_missing", "off the devnet the seller's rate is not believed", hint=hint)
    return _highest(own_rate, limits.ada_usd)


def value(amount: int, price: Money, decimals: int) -> Money:
    """What `amount` minor units cost at `price` for a whole one, rounded up. Errors: MoneyError."""
    return Money(-(-amount * price.amount // 10**decimals), price.currency, price.decimals)


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
