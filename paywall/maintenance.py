"""The commands that look after a seller: migrate, mint, show, reconcile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from paywall.adapters import open_chain, open_custody
from paywall.burns.custody import Custody
from paywall.burns.supply import mint_supply, read_supply
from paywall.errors import SetupError
from paywall.reconciliation import Reconciliation
from paywall.schema import HEAD, upgrade, version
from paywall.settings import Settings
from paywall.storage import open_database, open_engine
from shared.cardano.build import Shortage
from shared.chain.base import Chain, ChainError

T = TypeVar("T")
MINT_SECONDS = 600


def migrate(settings: Settings) -> str:
    """Bring the schema to HEAD; a sentence that says so. Errors: SetupError."""
    with open_engine(settings.database) as engine:
        before = version(engine)
        if before == HEAD:
            return f"The schema is at {HEAD} already."
        upgrade(engine)
        return f"The schema went from {before or 'nothing'} to {HEAD}."


def mint(settings: Settings, quantity: int) -> str:
    """Mint the supply; the transaction's hash. Errors: SetupError."""

    async def run(custody: Custody, chain: Chain) -> str:
        try:
            return await mint_supply(custody, chain, quantity, time_limit=MINT_SECONDS)
        except Shortage as shortage:
            raise SetupError(
                f"The custodial wallet {custody.address} has too little ADA ({shortage}); send it some and repeat."
            ) from shortage

    return _with_chain(settings, run)


def show_supply(settings: Settings) -> dict[str, object]:
    """The token by the chain. Errors: SetupError."""
    supply = _with_chain(settings, read_supply)
    return {
        "token": supply.token,
        "address": supply.address,
        "minted": supply.minted,
        "burned": supply.burned,
        "held": supply.held,
        "ADA": f"{supply.lovelace / 1_000_000:.6f}",
    }


def check_invariants(settings: Settings, *, offline: bool) -> tuple[bool, list[str]]:
    """Whether every invariant holds, and a line for each. Errors: SetupError."""

    async def run() -> tuple[bool, list[str]]:
        custody, chain = open_custody(settings), open_chain(settings)
        database = open_database(settings.database, writing=False)
        try:
            checks = await Reconciliation(database, custody, None if offline else chain).run()
        except ChainError as error:
            raise SetupError(f"The chain cannot be asked ({error}); --offline leaves it out.") from error
        finally:
            await chain.aclose()
            database.close()
        return all(check.holds for check in checks), [check.line() for check in checks]

    return asyncio.run(run())


def _with_chain(settings: Settings, run: Callable[[Custody, Chain], Awaitable[T]]) -> T:
    async def whole() -> T:
        chain = open_chain(settings)
        try:
            return await run(open_custody(settings), chain)
        except ChainError as error:
            raise SetupError(f"The chain at {settings.chain_url} does not do that: {error}") from error
        finally:
            await chain.aclose()

    return asyncio.run(whole())
