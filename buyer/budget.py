"""How much one call may spend: as much less than the owner's limits (`limits.py`) as it likes, and never more.

Pure; the wallet applies it inside the transaction that signs.
"""

from buyer.errors import OverBudget, UsageError
from shared.money import Money, MoneyError


class Budget:
    """Ceilings in the currency of prices: for one purchase, and optionally for all the wallet ever spends.

    `Budget(per_purchase="5.00 USD", total="20.00 USD")`; UsageError for text that is not an amount of money.
    """

    def __init__(self, per_purchase: str | Money, total: str | Money | None = None) -> None:
        self.per_purchase = _money(per_purchase)
        self.total = None if total is None else _money(total)
        if self.total is not None and self.total.unit != self.per_purchase.unit:
            raise UsageError("budget_invalid", "both ceilings of a budget must be in one currency")

    def check(self, price: Money, spent: Money) -> None:
        """OverBudget unless `price` fits: alone, and on top of what was `spent` already."""
        if price.unit != self.per_purchase.unit:
            wanted = self.per_purchase.currency
            raise OverBudget(
                "budget_currency",
                f"the price is not in {wanted}, as the budget is",
                hint="A budget in another currency allows nothing; ask the seller for its catalog.",
                seller_says={"price": str(price)},
            )
        if price > self.per_purchase:
            raise OverBudget(
                "over_budget",
                f"the price is {price}, and at most {self.per_purchase} may be paid for one purchase",
                hint="Nothing was paid. This is for the person who owns the wallet: a program must not raise the"
                " ceiling of a purchase (--max-price) on its own; ask whether that price is right.",
            )
        if self.total is not None and spent + price > self.total:
            raise OverBudget(
                "over_total_budget",
                f"{price} on top of {spent} already spent would pass the total of {self.total}",
                hint="Nothing was paid. Whether more may be spent in all is for the person who owns the wallet.",
            )


def _money(value: str | Money) -> Money:
    if isinstance(value, Money):
        return value
    try:
        return Money.parse(value)
    except MoneyError as error:
        raise UsageError("budget_invalid", str(error)) from error
