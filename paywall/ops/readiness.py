"""Whether every part that a sale needs answers."""

from paywall.burns.custody import Custody, custody_note
from paywall.burns.wallet.coverage import TokenCoverage
from paywall.database.engine import Database, Transaction
from shared.chain.base import Chain, ChainError


class Readiness:
    """Looks at database, chain and custodial wallet, without changing anything."""

    def __init__(
        self,
        database: Database,
        chain: Chain | None,
        custody: Custody | None,
        low_water: int,
        coverage: TokenCoverage | None = None,
    ) -> None:
        self._coverage = coverage
        self._database = database
        self._chain = chain
        self._custody = custody
        self._low_water = low_water

    async def look(self) -> dict[str, str]:
        """A note for each part: "ok…", or why not. Errors: StorageUnavailable."""

        def select(tx: Transaction) -> None:
            tx.connection.exec_driver_sql("SELECT 1")

        await self._database.read(select)
        if self._chain is None:
            return {"database": "ok"}
        try:
            if self._custody is None:
                await self._chain.tip()
                return {"database": "ok", "chain": "ok"}
            lovelace, tokens = await self._custody.holdings(self._chain)
        except ChainError as error:
            return {"database": "ok", "chain": f"not reachable: {error}"}
        notes = {
            "database": "ok",
            "chain": "ok",
            "custody": custody_note(tokens, lovelace, self._low_water),
        }
        if self._coverage is not None:
            notes["supply"] = await self._coverage.note(self._low_water)
        return notes
