"""Budgets: what they allow, and that no order of purchases slips past them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buyer.budget import Budget
from buyer.errors import OverBudget, UsageError
from shared.money import Money


def usd(cents: int) -> Money:
    return Money(cents, "USD", 2)


def test_a_price_up_to_the_ceiling_is_allowed() -> None:
    Budget(per_purchase="5.00 USD").check(usd(500), usd(0))


def test_a_cent_more_is_not() -> None:
    with pytest.raises(OverBudget, match=r"5\.01 USD"):
        Budget(per_purchase="5.00 USD").check(usd(501), usd(0))


def test_what_was_spent_before_counts_against_the_total() -> None:
    budget = Budget(per_purchase="5.00 USD", total="8.00 USD")
    budget.check(usd(300), usd(500))
    with pytest.raises(OverBudget) as caught:
        budget.check(usd(301), usd(500))
    assert caught.value.code == "over_total_budget"


def test_a_price_in_another_currency_is_never_allowed() -> None:
    with pytest.raises(OverBudget) as caught:
        Budget(per_purchase="5.00 USD").check(Money(1, "ADA", 6), Money(0, "ADA", 6))
    assert caught.value.code == "budget_currency"


@pytest.mark.parametrize("text", ["5", "five USD", "-1.00 USD", "1.005 USD", "5.00 XYZ", ""])
def test_a_budget_that_is_not_money_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        Budget(per_purchase=text)


def test_both_ceilings_must_be_in_one_currency() -> None:
    with pytest.raises(UsageError):
        Budget(per_purchase="5.00 USD", total="5.00 ADA")


@settings(deadline=None)
@given(
    prices=st.lists(st.integers(1, 1000), max_size=30),
    ceiling=st.integers(1, 500),
    total=st.integers(1, 5000),
)
def test_no_row_of_purchases_spends_more_than_the_total(prices: list[int], ceiling: int, total: int) -> None:
    budget = Budget(per_purchase=usd(ceiling), total=usd(total))
    spent = 0
    for price in prices:
        try:
            budget.check(usd(price), usd(spent))
        except OverBudget:
            assert price > ceiling or spent + price > total
        else:
            spent += price
    assert spent <= total
