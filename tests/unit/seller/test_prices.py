import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywall.errors import BadRequest, SetupError
from paywall.sales.catalog import with_products
from paywall.sales.prices import MAX_CREDITS, PriceTier, Product, read_catalog
from shared.money import Money


def product(*tiers: tuple[int, int]) -> Product:
    return Product(
        "p", "P", "", 365, tuple(PriceTier(start, Money(price, "USD", 2)) for start, price in tiers)
    )


@st.composite
def products(draw: st.DrawFn) -> Product:
    starts = [1, *sorted(draw(st.sets(st.integers(2, MAX_CREDITS), max_size=4)))]
    return product(*((start, draw(st.integers(1, 10_000))) for start in starts))


def entry(**changes: Any) -> dict[str, Any]:
    tiers = [{"from": 1, "unit_price": "1.00 USD"}, {"from": 10, "unit_price": "0.50 USD"}]
    return {"id": "image-credit", "title": "Image", "validity_days": 365, "tier": tiers, **changes}


@pytest.mark.parametrize(("credits", "cents"), [(1, 100), (3, 300), (9, 900), (10, 500), (11, 550)])
def test_the_seeds_prices(credits: int, cents: int) -> None:
    (sold,) = read_catalog({"product": [entry()]}).values()
    assert sold.price(credits) == Money(cents, "USD", 2)


@given(products(), st.integers(1, MAX_CREDITS))
def test_every_credit_costs_what_the_last_tier_that_began_says(sold: Product, credits: int) -> None:
    unit = [tier.unit_price.amount for tier in sold.tiers if tier.start <= credits][-1]
    assert sold.price(credits).amount == unit * credits


@given(products(), st.integers(max_value=0) | st.integers(min_value=MAX_CREDITS + 1))
def test_a_number_of_credits_out_of_range_has_no_price(sold: Product, credits: int) -> None:
    with pytest.raises(BadRequest):
        sold.price(credits)


@given(products())
def test_the_catalog_tells_what_is_charged(sold: Product) -> None:
    described: Any = sold.describe()
    for tier in described["tiers"]:
        unit = tier["unit_price"]
        assert sold.price(tier["from"]) == Money(unit["amount"] * tier["from"], unit["currency"], 2)


def test_products_are_found_by_their_ids() -> None:
    assert list(read_catalog({"product": [entry(), entry(id="song")]})) == ["image-credit", "song"]


USD, ADA = "1.00 USD", "1.00 ADA"
WRONG = {
    "no product": ({}, "no [[product]]"),
    "products that are no list": ({"product": "x"}, "no [[product]]"),
    "two of one id": ({"product": [entry(), entry()]}, "one id"),
    "no id": ({"product": [{"title": "x"}]}, "cannot be read"),
    "no tier": ({"product": [entry(tier=[])]}, "begin at 1"),
    "tiers from 2 on": ({"product": [entry(tier=[{"from": 2, "unit_price": USD}])]}, "begin at 1"),
    "tiers that fall": (
        {"product": [entry(tier=[{"from": n, "unit_price": USD} for n in (1, 10, 5)])]},
        "rise",
    ),
    "a tier twice": ({"product": [entry(tier=[{"from": n, "unit_price": USD} for n in (1, 1)])]}, "rise"),
    "two currencies": (
        {"product": [entry(tier=[{"from": 1, "unit_price": USD}, {"from": 2, "unit_price": ADA}])]},
        "one currency",
    ),
    "a price of nothing": ({"product": [entry(tier=[{"from": 1, "unit_price": "0 USD"}])]}, "above zero"),
    "a price that is a float": (
        {"product": [entry(tier=[{"from": 1, "unit_price": 0.5}])]},
        "cannot be read",
    ),
    "a price below a cent": (
        {"product": [entry(tier=[{"from": 1, "unit_price": "0.005 USD"}])]},
        "cannot be read",
    ),
    "credits that end at once": ({"product": [entry(validity_days=0)]}, "validity_days"),
    "an entry that is no table": ({"product": ["x"]}, "no [[product]]"),
}


@pytest.mark.parametrize(("document", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_catalog_is_refused_in_a_sentence(document: dict[str, Any], says: str) -> None:
    with pytest.raises(SetupError, match=re.escape(says)):
        read_catalog(document)


@pytest.mark.parametrize(
    ("tiers", "days", "says"),
    [
        ((), 1, "begin at 1"),
        ((PriceTier(5, Money(1, "USD", 2)),), 1, "begin at 1"),
        ((PriceTier(1, Money(0, "USD", 2)),), 1, "above zero"),
        ((PriceTier(1, Money(1, "USD", 2)), PriceTier(2, Money(1, "EUR", 2))), 1, "one currency"),
        ((PriceTier(1, Money(1, "USD", 2)),), 0, "validity_days"),
    ],
    ids=str,
)
def test_a_product_from_a_program_is_held_to_the_rules_of_the_catalogs(
    tiers: tuple[PriceTier, ...], days: int, says: str
) -> None:
    with pytest.raises(SetupError, match=f"^Product time: .*{says}"):
        Product("time", "Time", "", days, tiers)


def test_two_products_of_one_id_are_refused() -> None:
    one = Product("time", "Time", "", 1, (PriceTier(1, Money(1, "USD", 2)),))
    assert with_products({}, [one]) == {"time": one}
    for catalog, more in (({"time": one}, [one]), ({}, [one, one])):
        with pytest.raises(SetupError, match="Two products have one id"):
            with_products(catalog, more)
