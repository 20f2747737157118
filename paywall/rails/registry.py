"""Finds rails by name: the rooms beside this file, and rails that are handed in from outside."""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module

import paywall.rails
from paywall.errors import SetupError
from paywall.rails.base import Charged, PaidExactly, Rail, RailContext
from paywall.sales.prices import Product
from shared.dialects.base import ChargeTerms, Wordings
from shared.tokens.prt import PaymentOption, PaymentRequest


def rooms() -> list[str]:
    """The names of the rails that have a room here."""
    return sorted(room.name for room in pkgutil.iter_modules(paywall.rails.__path__) if room.ispkg)


def open_rails(context: RailContext, extra: Sequence[Rail] = ()) -> tuple[Rail, ...]:
    """The rails that PAYWALL_RAILS names, in its order, then those of `extra` that it does not name.

    A rail of `extra` stands in the place of a room of its name. Errors: SetupError.
    """
    given = {rail.id: rail for rail in extra}
    if len(given) != len(extra):
        raise SetupError("Two rails of one id were handed in.")
    named = [name.strip() for name in context.settings.rails.split(",")]
    if len(set(named)) != len(named):
        raise SetupError("PAYWALL_RAILS names a rail twice.")
    there = sorted({*rooms(), *given})
    if unknown := [name for name in named if name not in there]:
        raise SetupError(f"There is no rail {unknown[0]!r}; PAYWALL_RAILS takes: {', '.join(there)}.")
    wanted = [*named, *(name for name in given if name not in named)]
    return tuple(given[name] if name in given else _open(name, context) for name in wanted)


def _open(name: str, context: RailContext) -> Rail:
    # Imported when it is chosen: a rail may bring a heavy client along.
    rail: Rail = import_module(f"paywall.rails.{name}.opening").open_rail(context)
    return rail


def worded(rails: Sequence[Rail]) -> Callable[[PaymentRequest], Wordings]:
    """The options of a payment request in the words that their rails have for them."""
    exact = {rail.id: rail for rail in rails if isinstance(rail, PaidExactly)}
    charged = {rail.id: rail for rail in rails if isinstance(rail, Charged)}

    @lru_cache(maxsize=256)
    def of(options: tuple[PaymentOption, ...]) -> Wordings:
        return Wordings(
            tuple(exact[option.id].exact(option) for option in options if option.id in exact),
            tuple(charged[option.id].charge(option) for option in options if option.id in charged),
        )

    return lambda request: of(request.options)


def charges(rails: Sequence[Rail], products: Mapping[str, Product]) -> tuple[ChargeTerms, ...]:
    """The ways of paying by MPP, each of the price of one credit of some product."""
    price = next((product.price(1) for product in products.values()), None)
    able = [rail for rail in rails if isinstance(rail, Charged)]
    return () if price is None else tuple(rail.charge(rail.quote(price)) for rail in able)
