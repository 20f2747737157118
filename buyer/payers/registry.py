"""Which payers a client has: those that its program gave it, those of accounts, and that of its wallet's network."""

import pkgutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module
from typing import Literal

import buyer.payers
from buyer.limits import SpendingLimits
from buyer.payers.base import Payer, PayerContext
from buyer.seller import instructions
from buyer.seller.session import Context, Session
from buyer.wallet import chains, owner
from buyer.wallet.file import Wallet
from shared.chain.base import Chain


def own_payers() -> list[str]:
    """The names of the files beside this one that open a payer."""
    files = pkgutil.iter_modules(buyer.payers.__path__)
    return sorted(file.name for file in files if file.name not in {"base", "registry"})


def known(kind: Literal["PAYS_ON", "PAYS_IN"]) -> list[str]:
    """The networks that the own payers pay on, or the currencies that they pay in."""
    modules = [import_module(f"buyer.payers.{name}") for name in own_payers()]
    return [one for module in modules for one in getattr(module, kind)]


def of_any_make(wallet: Wallet, context: Context, chain: Callable[[], Awaitable[Chain]]) -> tuple[Payer, ...]:
    """Payers for sellers of any make, of whom no rate is believed: those of accounts, and the wallet's own."""
    given = PayerContext(
        wallet.key,
        wallet.network,
        chains.play_rates(),
        owner.environment(wallet, context.environment),
        context.now,
        chain,
        owner.believes_chain(wallet, wallet.network, context.environment),
        wallet.transact(owner.limits) or SpendingLimits(),
        # What is paid at another service is the payment request itself, as it came.
        instructions.itself,
    )
    names = (*_accounts(given.environment), wallet.network.partition(":")[0])
    return tuple(_open(name, given) for name in names if name in own_payers())


def _open(name: str, given: PayerContext) -> Payer:
    """The payer of a file beside this one."""
    payer: Payer = import_module(f"buyer.payers.{name}").open_payer(given)
    return payer


class Payers:
    """The payers of one client. Those from outside come first: whoever gives one wants it used."""

    def __init__(self, session: Session, given: Sequence[Payer] = ()) -> None:
        self._session = session
        self._given = tuple(given)
        self._own: tuple[Payer, ...] | None = None

    async def every(self) -> Sequence[Payer]:
        """In the order in which they are asked."""
        if self._own is None:
            self._own = await self._open()
        return (*self._given, *self._own)

    async def named(self, payer_id: str) -> Payer | None:
        """The payer whose draft is in the wallet; None when it is not given any more."""
        return next((payer for payer in await self.every() if payer.id == payer_id), None)

    async def _open(self) -> tuple[Payer, ...]:
        session, catalog = self._session, (await self._session.seller()).catalog
        # The session asks the chain of the seller's network: a wallet of another one has no payer there.
        same = session.wallet.network == catalog.network
        network = session.wallet.network.partition(":")[0] if same else ""
        context = PayerContext(
            session.wallet.key,
            session.wallet.network,
            catalog.rates,
            session.environment,
            session.context.now,
            session.chain,
            session.believes_chain(),
            session.limits,
            lambda token, option_id: instructions.ask(session.http, token, option_id),
        )
        names = (*_accounts(session.environment), network)
        return tuple(_open(name, context) for name in names if name in own_payers())


def _accounts(environment: Mapping[str, str]) -> list[str]:
    """The payers of accounts elsewhere that the environment names."""
    modules = {name: import_module(f"buyer.payers.{name}") for name in own_payers()}
    return [
        name
        for name, module in modules.items()
        if hasattr(module, "configured") and module.configured(environment)
    ]
