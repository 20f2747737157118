"""Money: a count of minor units with its currency; never a float, never rounded down."""

import re
from dataclasses import dataclass
from functools import total_ordering

DECIMALS = {"USD": 2, "ADA": 6}
MAX_AMOUNT = 2**63 - 1  # what a database integer holds
MAX_DECIMALS = 18

_TEXT = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))? ([A-Z]{3,10})")


class MoneyError(ValueError):
    """An amount that cannot be: negative, too large, of another currency, or not written as money."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """`amount` minor units (>= 0) of `currency`; 10**`decimals` of them make one whole unit."""

    amount: int
    currency: str
    decimals: int

    def __post_init__(self) -> None:
        # type() and not isinstance: True is an int, and "True dollars" came from somebody's JSON.
        if type(self.amount) is not int or not 0 <= self.amount <= MAX_AMOUNT:
            raise MoneyError("an amount is a whole number of minor units from 0 to 2**63-1")
        if type(self.decimals) is not int or not 0 <= self.decimals <= MAX_DECIMALS:
            raise MoneyError(f"decimals are a whole number from 0 to {MAX_DECIMALS}")
        if not isinstance(self.currency, str) or not self.currency:
            raise MoneyError("a currency is a name")

    @classmethod
    def parse(cls, text: str) -> "Money":
        """Read `"5.00 USD"`, `"3 USD"` or `"1.5 ADA"`; MoneyError for any other form or currency."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise MoneyError(f"not an amount of money: {text[:40]!r} (write it like '5.00 USD')")
        whole, fraction, currency = match[1], match[2] or "", match[3]
        decimals = DECIMALS.get(currency)
        if decimals is None:
            raise MoneyError(f"unknown currency {currency} (known: {', '.join(DECIMALS)})")
        if len(fraction) > decimals or len(whole) > len(str(MAX_AMOUNT)):
            raise MoneyError(f"{text[:40]!r} does not fit {currency}, which has {decimals} decimals")
        return cls(int(whole + fraction.ljust(decimals, "0")), currency, decimals)

    @property
    def unit(self) -> tuple[str, int]:
        """What it is counted in: only amounts of one unit can be compared."""
        return self.currency, self.decimals

    def __str__(self) -> str:
        if not self.decimals:
            return f"{self.amount} {self.currency}"
        whole, fraction = divmod(self.amount, 10**self.decimals)
        return f"{whole}.{fraction:0{self.decimals}d} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        self._check_same(other)
        return Money(self.amount + other.amount, self.currency, self.decimals)

    def __sub__(self, other: "Money") -> "Money":
        self._check_same(other)
        return Money(self.amount - other.amount, self.currency, self.decimals)

    def __mul__(self, count: int) -> "Money":
        if type(count) is not int:
            raise MoneyError("money is multiplied by whole numbers only")
        return Money(self.amount * count, self.currency, self.decimals)

    def __lt__(self, other: "Money") -> bool:
        self._check_same(other)
        return self.amount < other.amount

    def _check_same(self, other: "Money") -> None:
        if not isinstance(other, Money):
            raise MoneyError(f"{self} and {other!r} are not both money")
        if self.unit != other.unit:
            raise MoneyError(f"{self} and {other} are not of one currency")


def convert(price: Money, rate: Money, decimals: int, currency: str) -> Money:
    """Return `price` in `currency`, rounded up to its next minor unit: the seller never loses by rounding.

    `rate` is the price of one whole unit of `currency`, in the currency of `price`.
    """
    if (price.currency, price.decimals) != (rate.currency, rate.decimals):
        raise MoneyError(f"a rate in {rate.currency} cannot convert {price}")
    if rate.amount == 0:
        raise MoneyError("a rate of zero converts nothing")
    return Money(-(-price.amount * 10**decimals // rate.amount), currency, decimals)
