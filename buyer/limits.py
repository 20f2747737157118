"""What the owner of a wallet allows to be spent. Pure; the wallet applies it inside the transaction that signs."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from buyer.errors import OverBudget, UsageError
from shared.money import Money, MoneyError

DAY_SECONDS = 86_400
#: the most for one purchase while nobody says otherwise: of a call without a budget, and of an owner's budget
DEFAULT_PER_PURCHASE = Money(500, "USD", 2)
FOR_THE_OWNER = (
    "Nothing was paid. This is for the person who owns the wallet, and not for a program to change: `buyer budget"
    " show` tells the limits, and `buyer budget set` changes them with the owner's passphrase."
)
CEILINGS = ("per_purchase", "per_seller", "per_day", "total", "approve_above")


@dataclass(frozen=True, slots=True)
class WantedSpending:
    """A payment before it is signed: to whom, what it costs, and how it would be paid (None: not known yet)."""

    origin: str
    money: Money
    network: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class SpentBefore:
    """What was spent and not given back: in all, at this seller, and within the last day."""

    total: Money
    seller: Money
    day: Money


@dataclass(frozen=True, slots=True)
class SpendingLimits:
    """Ceilings in one currency; None and empty are no limit.

    `approve_above` is the price above which the owner is asked. `sellers` are origins, `networks` and
    `currencies` those of payment options. `ada_usd` is the least that one ADA is worth; `chain` the only chain
    service whose word gives a price back.
    """

    per_purchase: Money | None = None
    per_seller: Money | None = None
    per_day: Money | None = None
    total: Money | None = None
    approve_above: Money | None = None
    ada_usd: Money | None = None
    chain: str | None = None
    sellers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({ceiling.unit for ceiling in self.ceilings()}) > 1:
            listed = ", ".join(map(str, self.ceilings()))
            hint = (
                f"For one purchase it is {DEFAULT_PER_PURCHASE} unless another is named with --per-purchase."
            )
            message = f"all ceilings of a budget must be in one currency, and these are {listed}"
            raise UsageError("budget_invalid", message, hint=hint)
        if self.ada_usd is not None and (self.ada_usd.currency != "USD" or self.ada_usd.amount == 0):
            raise UsageError("budget_invalid", "what one ADA is worth is told in dollars, above zero")

    def check(self, wanted: WantedSpending, spent: SpentBefore) -> None:
        """OverBudget unless the owner allows it; whether he wants to be asked is `needs_approval`."""
        self._check_allowed(wanted)
        price = wanted.money
        for ceiling in self.ceilings():
            if price.unit != ceiling.unit:
                raise OverBudget(
                    "budget_currency",
                    f"the price is not in {ceiling.currency}, as the budget is",
                    hint=FOR_THE_OWNER,
                    seller_says={"price": str(price)},
                )
        for code, ceiling_, whole, words in (
            ("over_budget", self.per_purchase, price, "for one purchase"),
            ("over_seller_budget", self.per_seller, spent.seller + price, f"at {wanted.origin}"),
            ("over_day_budget", self.per_day, spent.day + price, "within a day"),
            ("over_total_budget", self.total, spent.total + price, "in all"),
        ):
            if ceiling_ is not None and whole > ceiling_:
                before = f" (with what was spent before: {whole})" if whole != price else ""
                message = f"the price is {price}{before}, and the owner allows {ceiling_} {words}"
                raise OverBudget(code, message, hint=FOR_THE_OWNER)

    def needs_approval(self, price: Money) -> bool:
        """Whether the owner is to be asked first; prices that `check` let pass."""
        return self.approve_above is not None and price > self.approve_above

    def may_ask_about(self, price: Money) -> bool:
        """As `needs_approval`, of any price: what is in another currency is not asked about, but refused."""
        threshold = self.approve_above
        return threshold is not None and threshold.unit == price.unit and price > threshold

    def ceilings(self) -> list[Money]:
        """Those that are set, in one currency."""
        return [ceiling for name in CEILINGS if (ceiling := getattr(self, name)) is not None]

    def _check_allowed(self, wanted: WantedSpending) -> None:
        for what, allowed, asked in (
            ("seller", self.sellers, wanted.origin),
            ("network", self.networks, wanted.network),
            ("currency", self.currencies, wanted.currency),
        ):
            subject = wanted.origin if what == "seller" else f"the payment option's {what}"
            if allowed and asked is not None and asked not in allowed:
                raise OverBudget(
                    f"{what}_not_allowed",
                    f"{subject} is not one of {', '.join(allowed)} that the owner allows",
                    hint=FOR_THE_OWNER,
                    seller_says={} if what == "seller" else {what: asked},
                )

    def as_json(self) -> dict[str, str | list[str] | None]:
        """For the wallet and for `--json`: money as text."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else None if value is None else str(value)
            for name, value in values.items()
        }

    @classmethod
    def read(cls, stored: Mapping[str, str | list[str] | None]) -> Self:
        """What `as_json` gave; UsageError for an amount that is none."""
        return cls(**{name: _value(name, value) for name, value in stored.items()})  # type: ignore[arg-type] # by name


def _value(name: str, value: str | list[str] | None) -> Money | str | tuple[str, ...] | None:
    if isinstance(value, list):
        return tuple(value)
    if value is None or name == "chain":
        return value
    try:
        return Money.parse(value)
    except MoneyError as error:
        raise UsageError("budget_invalid", f"--{name.replace('_', '-')}: {error}") from error
