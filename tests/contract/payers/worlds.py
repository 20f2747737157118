"""What the suite of the payers knows of each: how it is opened, and the world that it pays in."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from buyer.payers.base import Payer
from paywall.rails.base import Rail
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens.prt import PaymentOption
from tests.support.processes.devnet import DevnetProcess

NOW, LIFE = 1_800_000_000, 900
PRICE, RATE = Money(300, "USD", 2), Money(50, "USD", 2)
SELLER = SigningKey.generate()


@dataclass(frozen=True)
class Ledger:
    """Where the payment can be seen. `land` brings it about as the seller would; whether the ledger took it."""

    land: Callable[[Evidence], bool]
    submit: Callable[[Evidence], object]
    blocks: Callable[[int], object]
    undo: Callable[[], object]
    #: shows another fork than the one that holds the payment, or that one again
    hide: Callable[[str], object]


@dataclass(frozen=True)
class World:
    """A payer with money for two payments or more, and the seller's rail. `books` are all that a payment changes.

    `twin` is of the same wallet and fails when it asks anybody; nobody answers `cut_off` (None: it asks nobody).
    """

    payer: Payer
    twin: Payer
    cut_off: Payer | None
    rail: Rail
    now: int
    books: Callable[[], object]
    #: whom the rail finds to have paid; None for the one who claims
    owner: str | None = None
    ledger: Ledger | None = None


@dataclass(frozen=True)
class Way:
    """How the suite opens a payer: `alone` where nobody can be asked; `option` is what `PRICE` is in its rail."""

    alone: Callable[[], Payer]
    option: PaymentOption
    world: Callable[[DevnetProcess], AbstractAsyncContextManager[World]]
    has_ledger: bool
    #: whether it pays with things of which each pays once, and not out of an account
    has_coins: bool = True
