"""What is sold, and for how much: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paywall.errors import BadRequest, SetupError
from shared.money import Money, MoneyError

MAX_CREDITS = 1_000_000


@dataclass(frozen=True, slots=True)
class PriceTier:
    """From this many credits on, each costs `unit_price`."""

    start: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class Product:
    """Credits that are sold together: they are valid for `validity_days`, and the more, the cheaper by `tiers`."""

    id: str
    title: str
    description: str
    validity_days: int
    tiers: tuple[PriceTier, ...]

    def __post_init__(self) -> None:
        """Errors: SetupError for what could not be sold."""
        starts = [tier.start for tier in self.tiers]
        if starts[:1] != [1] or starts != sorted(set(starts)):
            raise SetupError(f"Product {self.id}: its tiers must begin at 1 and rise.")
        prices = [tier.unit_price for tier in self.tiers]
        if len({price.currency for price in prices}) != 1 or any(price.amount < 1 for price in prices):
            raise SetupError(f"Product {self.id}: its tiers must have prices above zero in one currency.")
        if self.validity_days < 1:
            raise SetupError(f"Product {self.id}: validity_days must be at least 1.")

    def price(self, credits: int) -> Money:
        """Errors: BadRequest when `credits` is outside 1 to MAX_CREDITS."""
        if not 1 <= credits <= MAX_CREDITS:
            raise BadRequest(f"`credits` must be a whole number from 1 to {MAX_CREDITS:,}.")
        tier = max((tier for tier in self.tiers if tier.start <= credits), key=lambda tier: tier.start)
        return tier.unit_price * credits

    def describe(self) -> dict[str, object]:
        """The product's entry in `GET /api/catalog`."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "validity_days": self.validity_days,
            "tiers": [
                {
                    "from": tier.start,
                    "unit_price": {
                        "amount": tier.unit_price.amount,
                        "currency": tier.unit_price.currency,
                        "decimals": tier.unit_price.decimals,
                    },
                }
                for tier in self.tiers
            ],
        }


def read_catalog(document: Mapping[str, Any]) -> dict[str, Product]:
    """Products by id, from a decoded TOML document. Errors: SetupError that names the entry and the mend."""
    entries = document.get("product")
    if not isinstance(entries, list) or not entries or not all(isinstance(e, dict) for e in entries):
        raise SetupError("The catalog has no [[product]].")
    products = [_read_product(entry) for entry in entries]
    if len({product.id for product in products}) != len(products):
        raise SetupError("The catalog has two products of one id.")
    return {product.id: product for product in products}


def _read_product(entry: Mapping[str, Any]) -> Product:
    name = entry.get("id", "?")
    try:
        tiers = tuple(PriceTier(int(tier["from"]), Money.parse(tier["unit_price"])) for tier in entry["tier"])
        return Product(
            str(entry["id"]),
            str(entry["title"]),
            str(entry.get("description", "")),
            int(entry["validity_days"]),
            tiers,
        )
    except (KeyError, TypeError, ValueError, MoneyError) as error:
        raise SetupError(f"Product {name} in the catalog cannot be read: {error!r}.") from error
