"""How many credits the wallet's tokens still cover: a credit that is sold is a token that will be owed.

What is covered: the tokens that we hold by our own record, less the credits that can still be used, the burns that
wait, and what payments under way will grant. A payment request that nobody has paid yet does not count: it costs
nothing to ask for one, and who asks often enough would shut the shop. So requests that were out when the edge
came may sell a little more than there is; whoever pays one gets his credits all the same, and the burns beyond the
edge wait for tokens.
"""

import asyncio
import logging
from math import inf

from sqlalchemy import text

from paywall.burns import outputs
from paywall.burns.custody import Custody
from paywall.burns.wallet.looking import LOOK_SECONDS, take_note
from paywall.clock import Clock
from paywall.database.engine import Database, Transaction
from paywall.errors import SupplyExhausted
from shared.chain.base import Chain, ChainError

log = logging.getLogger("paywall.burns")
#: the record is counted anew after so many seconds, and before a sale that what was asked for since could have
#: left too little for; for one that it did not cover just now only a second later
COUNT_SECONDS, EDGE_SECONDS = 10, 1
_OWED = text("""SELECT
    (SELECT COALESCE(sum(available + reserved), 0) FROM credit_account)
    + (SELECT COALESCE(sum(quantity), 0) FROM burn WHERE batch_id IS NULL)
    + (SELECT COALESCE(sum(quantity), 0) FROM burn_batch WHERE state = 'open')
    + (SELECT COALESCE(sum(q.credits), 0) FROM payment p JOIN payment_request q ON q.id = p.payment_request_id
        WHERE p.state = 'settling')""")


class TokenCoverage:
    """One for the process. It asks the database now and then, and the chain only when the record seems short."""

    def __init__(self, *, database: Database, chain: Chain, custody: Custody, clock: Clock) -> None:
        self._database = database
        self._chain = chain
        self._custody = custody
        self._clock = clock
        self._turn = asyncio.Lock()
        self._left = 0
        #: asked for in this process since the last count
        self._asked = 0
        self._counted_at: int | None = None
        self._looked_at: int | None = None

    async def check(self, credits: int) -> None:
        """Return when so many more may be sold. Errors: SupplyExhausted, StorageUnavailable."""
        async with self._turn:
            if self._is_stale(credits):
                await self._count(credits)
        if credits > self._left:
            raise SupplyExhausted(
                f"The tokens that are left cover {self._left} credits more.", credits_left=self._left
            )
        self._asked += credits

    async def left(self) -> int:
        """How many credits may be sold, as of the last seconds. Errors: StorageUnavailable."""
        async with self._turn:
            if self._is_stale(1) or (self._asked and self._age() >= EDGE_SECONDS):
                await self._count(1)
        return self._left

    async def note(self, low_water: int) -> str:
        """For the operator: "ok", or how near the edge is. It is no fault: what was sold is delivered, and burned."""
        left = await self.left()
        elsewhere = await self._database.read(outputs.count_spent_elsewhere)
        said = [
            f"nothing more can be sold until there are tokens: {left} credits are left" if left < 1 else "",
            f"tokens are left for {left} more credits" if 1 <= left <= low_water else "",
            f"another program spent {elsewhere} of the wallet's outputs" if elsewhere else "",
        ]
        return ", but ".join(("ok", "; ".join(filter(None, said)))) if any(said) else "ok"

    def _is_stale(self, credits: int) -> bool:
        if credits > self._left:
            return self._age() >= EDGE_SECONDS
        return self._age() >= COUNT_SECONDS or credits + self._asked > self._left

    def _age(self) -> float:
        """Seconds since the last count."""
        return inf if self._counted_at is None else self._clock() - self._counted_at

    async def _count(self, credits: int) -> None:
        self._left = await self._database.read(self._read)
        if credits > self._left and self._look_is_due():
            await self._look()
            self._left = await self._database.read(self._read)
        self._asked, self._counted_at = 0, self._clock()

    def _read(self, tx: Transaction) -> int:
        _, tokens = outputs.totals(tx, self._custody.asset.unit)
        return max(tokens - int(tx.connection.execute(_OWED).scalar_one()), 0)

    def _look_is_due(self) -> bool:
        return self._looked_at is None or self._clock() - self._looked_at >= LOOK_SECONDS

    async def _look(self) -> None:
        """There may be tokens that our record has not heard of: a fresh mint, or a wallet that was filled."""
        self._looked_at = self._clock()
        try:
            found = await self._custody.shown(self._chain)
        except ChainError as error:
            log.warning("what the custodial wallet holds is not known: %s", error)
            return
        unit, now = self._custody.asset.unit, self._clock()
        await self._database.transact(lambda tx: take_note(tx, found, unit, now))
