"""Which payers a client has: those that its program gave it, and the one of its wallet's network."""

from collections.abc import Callable, Mapping, Sequence

from buyer.errors import UsageError
from buyer.payers.base import Payer
from buyer.payers.cardano import CardanoPayer, ada_price
from buyer.seller.session import Session
from shared.money import Money, MoneyError

Opener = Callable[[Session, Mapping[str, Money]], Payer]


def _cardano(session: Session, rates: Mapping[str, Money]) -> CardanoPayer:
    wallet, environment = session.wallet, session.context.environment
    return CardanoPayer(
        session.chain,
        wallet.key,
        wallet.network,
        ada_price=lambda: ada_price(wallet.network, rates.get(wallet.network), own_ada_price(environment)),
        now=session.context.now,
    )


#: by the beginning of a wallet's network
_OPENERS: Mapping[str, Opener] = {"cardano:": _cardano}


class Payers:
    """The payers of one client. Those from outside come first: whoever gives one wants it used."""

    def __init__(self, session: Session, given: Sequence[Payer] = ()) -> None:
        self._session = session
        self._given = tuple(given)
        self._own: tuple[Payer, ...] | None = None

    async def every(self) -> Sequence[Payer]:
        """In the order in which they are asked."""
        if self._own is None:
            catalog = (await self._session.seller()).catalog
            # The session asks the chain of the seller's network: a wallet of another one has no payer there.
            network = self._session.wallet.network if self._session.wallet.network == catalog.network else ""
            openers = [opener for prefix, opener in _OPENERS.items() if network.startswith(prefix)]
            self._own = tuple(opener(self._session, catalog.rates) for opener in openers)
        return (*self._given, *self._own)

    async def named(self, payer_id: str) -> Payer | None:
        """The payer whose draft is in the wallet; None when it is not given any more."""
        return next((payer for payer in await self.every() if payer.id == payer_id), None)


def own_ada_price(environment: Mapping[str, str]) -> Money | None:
    """BUYER_ADA_USD, in dollars unless it says otherwise; UsageError when it is not an amount of money."""
    text = environment.get("BUYER_ADA_USD", "")
    try:
        return Money.parse(text if " " in text else f"{text} USD") if text else None
    except MoneyError as error:
        raise UsageError("rate_invalid", f"BUYER_ADA_USD is not the price of one ADA: {error}") from error
