"""Which of a payment request's options is paid, and by whom: the first that a payer finds affordable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from buyer.errors import BuyerError, PaymentRefused
from buyer.limits import SpentBefore, WantedSpending
from buyer.payers.base import Cost, Payer
from buyer.seller import checks
from buyer.seller.checks import Expected
from shared.money import Money
from shared.tokens.prt import PaymentOption, PaymentRequest


@dataclass(frozen=True, slots=True)
class ChosenOption:
    """An option that may be paid, who pays it, and what that costs."""

    option: PaymentOption
    payer: Payer
    cost: Cost


class AvailablePayers(Protocol):
    """The payers of one client, in the order in which they are asked."""

    async def every(self) -> Sequence[Payer]: ...

    async def named(self, payer_id: str) -> Payer | None: ...


def choose(request: PaymentRequest, expected: Expected, payers: Sequence[Payer]) -> ChosenOption:
    """The first payer's first option that holds together and fits the budget.

    Errors: PaymentRefused `no_payable_option` when no payer pays any of them; otherwise what was wrong with
    the first: OverBudget, SellerFault, UsageError.
    """
    refusals: list[BuyerError] = []
    for payer in payers:
        for option in filter(payer.pays, request.options):
            try:
                return ChosenOption(option, payer, _judged(option, payer, request.price, expected))
            except BuyerError as error:
                refusals.append(error)
    if refusals:
        raise refusals[0]
    offered = ", ".join(option.network or option.currency for option in request.options)
    hint = "Buy with a wallet of a network that the seller takes: buyer wallet create --network …"
    message = "this wallet pays none of what the seller takes"
    raise PaymentRefused("no_payable_option", message, hint=hint, seller_says={"takes": offered})


def _judged(option: PaymentOption, payer: Payer, price: Money, expected: Expected) -> Cost:
    checks.check_receipt_service(option, expected)
    cost = payer.judge(option, price)
    _check_alone(option, cost, expected)
    return cost


def _check_alone(option: PaymentOption, cost: Cost, expected: Expected) -> None:
    """The ceilings of one purchase; what was spent before is counted where the cost is debited."""
    nothing = Money(0, cost.money.currency, cost.money.decimals)
    wanted = WantedSpending(expected.origin, cost.money, option.network, option.currency)
    expected.limits.check(wanted, SpentBefore(nothing, nothing, nothing))
    expected.budget.check(cost.money, nothing)
