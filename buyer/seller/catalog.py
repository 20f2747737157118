"""The seller's catalog, read strictly. It is not signed: it says what to expect, and the PRT must agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from buyer.errors import SellerFault, UsageError, clean
from buyer.seller.typed import typed
from shared.cardano.network import NETWORKS
from shared.money import Money, MoneyError


@dataclass(frozen=True, slots=True)
class Tier:
    """`unit_price` for each credit of an order of `start` or more."""

    start: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class Catalog:
    """What one seller offers: `tiers` by product, `rates` (the price of one ADA) by network."""

    seller: str
    network: str
    token: str
    chain_url: str | None
    tiers: Mapping[str, tuple[Tier, ...]]
    rates: Mapping[str, Money]

    def price(self, product: str, credit_count: int) -> Money:
        """The price of an order, by the highest tier that it reaches; UsageError when none is offered."""
        reached = [tier for tier in self.tiers.get(product, ()) if tier.start <= credit_count]
        if not reached:
            raise UsageError("not_offered", f"the seller does not offer {credit_count} of {product}")
        try:
            return max(reached, key=lambda tier: tier.start).unit_price * credit_count
        except MoneyError as error:
            raise SellerFault(
                "price_absurd", f"the price of {credit_count} of {product} is absurd"
            ) from error


def read(document: Mapping[str, Any]) -> Catalog:
    """A catalog out of its JSON object; SellerFault for anything that is not one."""
    try:
        chain = document.get("chain")
        return Catalog(
            seller=typed(document["seller"], str),
            network=_network(document["network"]),
            token=typed(document["token"], str),
            chain_url=None if chain is None else typed(chain["blockfrost"], str),
            tiers={typed(product["id"], str): _tiers(product["tiers"]) for product in document["products"]},
            rates={
                rail["network"]: Money.parse(rail["rate"]) for rail in document["rails"] if "rate" in rail
            },
        )
    except (KeyError, TypeError, AttributeError, MoneyError) as error:
        raise SellerFault(
            "catalog_malformed", f"the seller's catalog cannot be read: {clean(repr(error))}"
        ) from error


def _tiers(tiers: Any) -> tuple[Tier, ...]:
    return tuple(
        Tier(typed(tier["from"], int), Money(**{name: tier["unit_price"][name] for name in Money.__slots__}))
        for tier in tiers
    )


def _network(value: object) -> str:
    network = typed(value, str)
    if network not in NETWORKS:
        raise SellerFault(
            "network_unknown", f"the seller is on a network that nobody knows: {clean(network)}"
        )
    return network
