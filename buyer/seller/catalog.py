"""The seller's catalog, read strictly. It is not signed: it says what to expect, and the PRT must agree."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buyer.errors import SellerFault, UsageError
from buyer.seller.typed import count, typed
from shared.money import Money, MoneyError
from shared.tokens.prt import TOKEN

# Where images are sold and used: what a catalog means that names no resources.
BUY_PATH = "/api/images/buy"
USE_PATH = "/api/images/generate"

DAY = 86_400
#: ids and currencies as sellers write them: nothing in them that could be read as words
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
CURRENCY = re.compile(r"[A-Za-z0-9]{2,12}")
_NETWORK = re.compile(r"[A-Za-z0-9:._-]{1,64}")
# A path of this origin, in plain letters: never "//host", never "..".
PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){1,16}")


@dataclass(frozen=True, slots=True)
class ListedTier:
    """`unit_price` for each credit of an order of `start` or more."""

    start: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class ListedResource:
    """Something that credits of a product are good for, `cost` a use: the paths where they are bought and used."""

    id: str
    product: str
    cost: int
    buy: str | None
    use: str | None


@dataclass(frozen=True, slots=True)
class Catalog:
    """What one seller offers. `token` is burned with each use, None for nothing.

    `network` is the one that it burns on.
    `tiers` go by product, in the seller's order, and so does `validity`: how long its credits are good, in seconds.
    `rates` (the price of one unit of a rail's currency) go by network.
    """

    seller: str
    network: str
    token: str | None
    chain_url: str | None
    tiers: Mapping[str, tuple[ListedTier, ...]]
    rates: Mapping[str, Money]
    resources: tuple[ListedResource, ...] = ()
    validity: Mapping[str, int] = field(default_factory=dict)

    def product(self) -> str:
        """What is bought when nobody says what: the seller's first that one of its resources takes, or its first."""
        used = {resource.product for resource in self.resources}
        for product in sorted(self.tiers, key=lambda product: product not in used):
            return product
        raise UsageError("not_offered", "the seller offers nothing")

    def buy_path(self, product: str) -> str:
        """Where credits of the product are ordered."""
        return next((r.buy for r in self.resources if r.product == product and r.buy), BUY_PATH)

    def use_path(self, product: str) -> str:
        """Where credits of the product are used: at its first resource."""
        return next((r.use for r in self.resources if r.product == product and r.use), USE_PATH)

    def cost(self, use_path: str) -> int:
        """Credits that one use of the resource at this path takes, and tokens that it burns."""
        return next((r.cost for r in self.resources if r.use == use_path), 1)

    def price(self, product: str, credit_count: int) -> Money:
        """The price of an order, by the highest tier that it reaches; UsageError when none is offered."""
        reached = [tier for tier in self.tiers.get(product, ()) if tier.start <= credit_count]
        if not reached:
            raise UsageError(
                "not_offered", f"the seller does not offer {credit_count} credits of that product"
            )
        try:
            return max(reached, key=lambda tier: tier.start).unit_price * credit_count
        except MoneyError as error:
            raise SellerFault("price_absurd", f"the price of {credit_count} credits is absurd") from error


def read(document: Mapping[str, Any]) -> Catalog:
    """A catalog out of its JSON object; SellerFault for anything that is not one."""
    try:
        chain = document.get("chain")
        return Catalog(
            seller=typed(document["seller"], str),
            network=_network(document["network"]),
            token=_token(document["token"]) if "token" in document else None,
            chain_url=None if chain is None else typed(chain["blockfrost"], str),
            tiers={_product(product): _tiers(product["tiers"]) for product in document["products"]},
            rates=dict(filter(None, map(_rate, document["rails"]))),
            resources=tuple(_resource(resource) for resource in document.get("resources", ())),
            validity={
                _product(product): DAY * count(product["validity_days"])
                for product in document["products"]
                if "validity_days" in product
            },
        )
    except (KeyError, TypeError, AttributeError, MoneyError) as error:
        said = {"detail": repr(error)}
        raise SellerFault(
            "catalog_malformed", "the seller's catalog cannot be read", seller_says=said
        ) from error


def _tiers(tiers: Any) -> tuple[ListedTier, ...]:
    return tuple(ListedTier(typed(tier["from"], int), _money(tier["unit_price"])) for tier in tiers)


def _money(listed: Any) -> Money:
    # It is printed wherever there is a price.
    if not CURRENCY.fullmatch(typed(listed["currency"], str)):
        raise TypeError("that is no currency")
    return Money(**{name: listed[name] for name in Money.__slots__})


def _product(product: Any) -> str:
    if not NAME.fullmatch(typed(product["id"], str)):
        raise TypeError("that is no id of a product")
    return str(product["id"])


def _rate(rail: Any) -> tuple[str, Money] | None:
    """(network, price of one unit); None for a rail that tells none that we can read: its own payer may miss it."""
    try:
        return typed(rail["network"], str), Money.parse(rail["rate"])
    except (KeyError, MoneyError):
        return None


def _resource(resource: Any) -> ListedResource:
    if (cost := typed(resource["credits"], int)) < 1:
        raise TypeError("a use costs at least one credit")
    return ListedResource(
        id=typed(resource["id"], str),
        product=typed(resource["product"], str),
        cost=cost,
        buy=_path(resource.get("buy")),
        use=_path(resource.get("use")),
    )


def _path(value: object) -> str | None:
    # Another host, or another path than the seller's API, could be anything that answers to our proofs.
    if value is not None and not PATH.fullmatch(typed(value, str)):
        raise TypeError(f"{value!r} is not a path of the seller's")
    return None if value is None else typed(value, str)


def _token(value: object) -> str:
    if not TOKEN.fullmatch(token := typed(value, str)):
        raise TypeError(f"{token!r} is no policy id and name in hex")
    return token


def _network(value: object) -> str:
    if not _NETWORK.fullmatch(network := typed(value, str)):
        raise TypeError(f"{network!r} is no network's name")
    return network
