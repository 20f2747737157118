"""Whether every part that a sale needs answers."""

import asyncio
from collections.abc import Mapping

from paywall.burns.custody import Custody, custody_note
from paywall.burns.wallet.coverage import TokenCoverage
from paywall.database.engine import Database, Transaction
from paywall.errors import StorageUnavailable
from shared.chain.base import Chain, ChainError

#: how long a look counts. Whoever asks more often, or all at once, must not be what the chain is asked by.
READY_SECONDS, NOT_READY_SECONDS = 5.0, 1.0


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

        self._looking: asyncio.Task[dict[str, str]] | None = None
        self._until = 0.0

    async def look(self) -> dict[str, str]:
        """A note for each part: "ok…", or why not; as it was some seconds ago at most, one look for all who ask."""
        looking = self._looking
        if looking is None or (looking.done() and asyncio.get_running_loop().time() >= self._until):
            looking = self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(looking)  # whoever goes away takes nobody else's look along

    async def _look(self) -> dict[str, str]:
        try:
            parts = await self._parts()
        finally:
            self._until = asyncio.get_running_loop().time() + NOT_READY_SECONDS
        if every_part_answers(parts):
            self._until += READY_SECONDS - NOT_READY_SECONDS
        return parts

    async def _parts(self) -> dict[str, str]:
        def select(tx: Transaction) -> None:
            tx.connection.exec_driver_sql("SELECT 1")

        try:
            await self._database.read(select)
        except StorageUnavailable as error:
            return {"database": error.detail}
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


def every_part_answers(parts: Mapping[str, str]) -> bool:
    return all(note.startswith("ok") for note in parts.values())
