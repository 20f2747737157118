"""The commands that look after a seller: migrate, mint, show, reconcile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from paywall.burns.custody import Custody
from paywall.burns.lease import LeaseLost
from paywall.burns.opening import open_custody
from paywall.burns.policies import FixedPolicy
from paywall.burns.supply import mint as mint_under_policy
from paywall.burns.supply import read_supply
from paywall.burns.wallet.base import WalletChain
from paywall.compose import compose, open_chain, open_ring
from paywall.database.liveness import count_living
from paywall.database.opening import open_database, open_engine
from paywall.database.schema import HEAD, ensure_schema, version
from paywall.errors import SetupError
from paywall.keys.passphrases import Passphrases
from paywall.keys.ring import KeyRing
from paywall.ops.reconcile import Reconciliation, table
from paywall.settings import Settings
from shared.cardano.coins import Shortage
from shared.cardano.read.audit import Audit, AuditCheck
from shared.chain.auditing import audit
from shared.chain.base import ChainError

if TYPE_CHECKING:
    from shared.chain.blockfrost import Blockfrost

T = TypeVar("T")
MINT_SECONDS = 600


def migrate(settings: Settings) -> str:
    """Bring the schema to HEAD; a sentence that says so. Errors: SetupError."""
    with open_engine(settings.database) as engine:
        before = version(engine)
        if before == HEAD:
            return f"The schema is at {HEAD} already."
        if living := count_living(engine):
            raise SetupError(
                f"{living} of this database's processes still run: stop every `paywall serve` and `paywall worker`"
                " first, for what they write would be in yesterday's tables."
            )
        ensure_schema(engine, migrate=True)
        return f"The schema went from {before or 'nothing'} to {HEAD}."


def mint(settings: Settings, quantity: int) -> str:
    """Mint the supply; the transaction's hash. Errors: SetupError."""

    async def run(custody: Custody, chain: WalletChain) -> str:
        try:
            return await mint_under_policy(settings, custody, chain, quantity, time_limit=MINT_SECONDS)
        except Shortage as shortage:
            raise SetupError(
                f"The custodial wallet {custody.address} has too little ADA ({shortage}); send it some and repeat."
            ) from shortage

    return _with_chain(settings, run)


def resume_burns(settings: Settings) -> int:
    """Parked batches go on; how many. Errors: SetupError while another process holds the wallet."""

    async def run() -> int:
        seller = compose(settings, open_ring(settings))
        try:
            if seller.burning is None:
                raise SetupError("PAYWALL_POLICY is none: this seller burns nothing.")
            try:
                return await seller.burning.resume()
            except LeaseLost as error:
                raise SetupError("A worker holds the wallet; stop it for a moment and repeat.") from error
            finally:
                await seller.burning.close()
        finally:
            await seller.close()

    return asyncio.run(run())


def show_supply(settings: Settings) -> dict[str, object]:
    """The token by the chain. Errors: SetupError."""
    supply = _with_chain(settings, read_supply, looking=True)
    return {
        "token": supply.token,
        "address": supply.address,
        "minted": supply.minted,
        "burned": supply.burned,
        "held": supply.held,
        "ADA": f"{supply.lovelace / 1_000_000:.6f}",
    }


def audit_supply(settings: Settings) -> Audit:
    """What the chain alone says of the supply, and whether its burns refer to its own mint. Errors: SetupError."""

    async def run(custody: Custody, chain: "Blockfrost") -> Audit:
        found = await audit(chain, custody.asset)
        if not isinstance(custody.policy, FixedPolicy):
            return found
        reference = custody.policy.reference
        ours = AuditCheck(
            "reference", reference == (found.mint, 0), f"burns refer to the script in {reference}"
        )
        return replace(found, checks=(*found.checks, ours))

    return _with_chain(settings, run, looking=True)


def check_invariants(settings: Settings, *, offline: bool) -> tuple[bool, list[str]]:
    """Whether every invariant holds, and a line for each. Errors: SetupError."""

    async def run() -> tuple[bool, list[str]]:
        database = open_database(settings.database, writing=False)
        chain = open_chain(settings)
        try:
            custody = None if offline or settings.policy == "none" else _custody(settings, looking=True)
            checks = await Reconciliation(database, custody, None if offline else chain).run()
        except ChainError as error:
            raise SetupError(f"The chain cannot be asked ({error}); --offline leaves it out.") from error
        finally:
            await chain.aclose()
            database.close()
        return all(check.holds for check in checks), table(checks)

    return asyncio.run(run())


def _with_chain(
    settings: Settings, run: Callable[[Custody, "Blockfrost"], Awaitable[T]], *, looking: bool = False
) -> T:
    async def whole() -> T:
        chain = open_chain(settings)
        try:
            return await run(_custody(settings, looking=looking), chain)
        except ChainError as error:
            raise SetupError(f"The chain at {settings.chain_url} does not do that: {error}") from error
        finally:
            await chain.aclose()

    return asyncio.run(whole())


def _custody(settings: Settings, *, looking: bool) -> Custody:
    return open_custody(settings, KeyRing(settings, Passphrases(settings.passphrase_fd), looking=looking))
