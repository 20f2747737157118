import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import MAX_AMOUNT, Money, MoneyError, convert

CURRENCIES = st.sampled_from([("USD", 2), ("ADA", 6)])


@st.composite
def money(draw: st.DrawFn, most: int = MAX_AMOUNT) -> Money:
    currency, decimals = draw(CURRENCIES)
    return Money(draw(st.integers(0, most)), currency, decimals)


@pytest.mark.parametrize(
    ("text", "amount", "currency", "decimals"),
    [
        ("5.00 USD", 500, "USD", 2),
        ("3 USD", 300, "USD", 2),
        ("0.5 USD", 50, "USD", 2),
        ("1.5 ADA", 1_500_000, "ADA", 6),
        ("0.000001 ADA", 1, "ADA", 6),
        ("0 USD", 0, "USD", 2),
        ("92233720368547758.07 USD", MAX_AMOUNT, "USD", 2),
    ],
)
def test_amounts_are_read_exactly(text: str, amount: int, currency: str, decimals: int) -> None:
    assert Money.parse(text) == Money(amount, currency, decimals)


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "USD",
        "5 usd",
        "5USD",
        "5  USD",
        " 5 USD",
        "5 USD\n",
        "-5 USD",
        "+5 USD",
        "5. USD",
        ".5 USD",
        "1,000 USD",
        "1e3 USD",
        "05 USD",
        "5.001 USD",
        "0.0000001 ADA",
        "٣ USD",
        "5 EUR",
        "NaN USD",
        "$5",
        "92233720368547758.08 USD",
        "9" * 5000 + " USD",
        "",
    ],
)
def test_anything_else_is_not_money(text: str) -> None:
    with pytest.raises(MoneyError):
        Money.parse(text)


@given(money())
def test_money_is_read_as_it_was_written(value: Money) -> None:
    assert Money.parse(str(value)) == value


@pytest.mark.parametrize("amount", [-1, MAX_AMOUNT + 1, True, 1.0, "1", None])
def test_only_whole_amounts_that_fit_are_amounts(amount: int) -> None:
    with pytest.raises(MoneyError):
        Money(amount, "USD", 2)


@pytest.mark.parametrize(
    ("currency", "decimals"), [("", 2), (None, 2), ("USD", -1), ("USD", 19), ("USD", True)]
)
def test_a_currency_has_a_name_and_a_few_decimals(currency: str, decimals: int) -> None:
    with pytest.raises(MoneyError):
        Money(1, currency, decimals)


def test_a_currency_without_decimals_has_no_point() -> None:
    assert str(Money(5, "JPY", 0)) == "5 JPY"


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 1000))
def test_sums_differences_products_and_order_are_those_of_the_amounts(a: int, b: int, count: int) -> None:
    one, other = Money(a, "USD", 2), Money(b, "USD", 2)
    assert one + other - other == one
    assert one * count == Money(a * count, "USD", 2)
    assert (one < other, one <= other, one > other, one >= other) == (a < b, a <= b, a > b, a >= b)


def test_money_never_goes_below_zero_or_beyond_the_largest_amount() -> None:
    with pytest.raises(MoneyError):
        Money(1, "USD", 2) - Money(2, "USD", 2)
    with pytest.raises(MoneyError):
        Money(MAX_AMOUNT, "USD", 2) * 2


@pytest.mark.parametrize("other", [Money(1, "ADA", 6), Money(1, "USD", 3), 1, None], ids=str)
def test_currencies_do_not_mix(other: Money) -> None:
    dollar = Money(100, "USD", 2)
    for operation in (Money.__add__, Money.__sub__, Money.__lt__):
        with pytest.raises(MoneyError):
            operation(dollar, other)
    assert dollar != other


@pytest.mark.parametrize("count", [1.5, True, -1, "2"])
def test_money_is_multiplied_by_whole_numbers_only(count: int) -> None:
    with pytest.raises(MoneyError):
        Money(100, "USD", 2) * count


def test_three_dollars_at_half_a_dollar_are_six_ada() -> None:
    price, rate = Money.parse("3.00 USD"), Money.parse("0.50 USD")
    assert convert(price, rate, 6, "ADA") == Money.parse("6 ADA")


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(0, 9))
def test_converting_rounds_up_by_less_than_one_minor_unit(amount: int, rate: int, decimals: int) -> None:
    got = convert(Money(amount, "USD", 2), Money(rate, "USD", 2), decimals, "XYZ").amount
    assert got * rate >= amount * 10**decimals
    assert got == 0 or (got - 1) * rate < amount * 10**decimals


@pytest.mark.parametrize("rate", [Money(0, "USD", 2), Money(50, "ADA", 6), Money(50, "USD", 3)], ids=str)
def test_a_rate_of_zero_or_of_another_currency_converts_nothing(rate: Money) -> None:
    with pytest.raises(MoneyError):
        convert(Money(300, "USD", 2), rate, 6, "ADA")
