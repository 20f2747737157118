"""How many credits the wallet's tokens still cover: a credit that is sold is a token that will be owed.

What is covered: the tokens that we hold by our own record, less the credits that can still be used, the burns that
wait, and what payments under way will grant. A payment request that nobody has paid yet does not count: it costs
nothing to ask for one, and who asks often enough would shut the shop. So requests that were out when the edge
came may sell a little more than there is; whoever pays one gets his credits all the same, and the burns beyond the
edge wait for tokens.

Sales do not wait for a count, which takes the longer the more there is to count: they go on with the last figure, less
what this process was asked for since. What other processes sold since is not in it. It is `COUNT_SECONDS` old, and as
long as a count takes, and `OLDEST_SECONDS` at most: so much of the others' sales may lie beyond the edge.
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
from paywall.errors import StorageUnavailable, SupplyExhausted
from shared.chain.base import Chain, ChainError

log = logging.getLogger("paywall.burns")
#: a count that is older is made anew beside the sales; one that is `OLDEST_SECONDS` old, or leaves too little for what
#: was asked for since and now, is waited for, but for a refusal no sooner than `EDGE_SECONDS` after the one before
COUNT_SECONDS, OLDEST_SECONDS, EDGE_SECONDS = 5, 20, 1
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
        self._left = 0
        #: asked for in this process since the last count began
        self._asked = 0
        #: when the last count that came to its end began, and the last of all
        self._counted_at: int | None = None
        self._begun_at = -inf
        self._looked_at: int | None = None
        self._counting: asyncio.Task[None] | None = None
        #: who waits for a count; and of those, who asks for what may be more than is left, one after the other
        self._waiting = self._at_edge = 0
        self._turn = asyncio.Lock()
        self._failing = self._closed = False

    async def check(self, credits: int) -> None:
        """Return when so many more may be sold. Errors: SupplyExhausted, StorageUnavailable."""
        now = self._clock()
        if self._at_edge or not self._is_certain(credits, now):
            await self._judge(credits, now)
        elif now - self._begun_at >= COUNT_SECONDS and not self._closed:
            self._begin(1)
        if credits > self._left:
            raise SupplyExhausted(
                f"The tokens that are left cover {self._left} credits more.", credits_left=self._left
            )
        self._asked += credits

    async def _judge(self, credits: int, now: int) -> None:
        """Return when `_left` decides. Nobody else sells meanwhile."""
        self._at_edge += 1
        try:
            async with self._turn:
                for _ in range(2):  # the count that runs, and one that began after this was asked
                    refused = credits > self._left and self._is_counted(now, EDGE_SECONDS)
                    if refused or self._is_certain(credits, now):
                        return
                    await self._counted(credits)
        finally:
            self._at_edge -= 1

    async def left(self) -> int:
        """How many credits may be sold, as of the last seconds. Errors: StorageUnavailable."""
        now = self._clock()
        for _ in range(2):
            if self._is_counted(now, EDGE_SECONDS if self._asked or self._left < 1 else COUNT_SECONDS):
                break
            await self._counted(1)
        return self._left

    async def aclose(self) -> None:
        """The count that runs ends, and no other begins."""
        self._closed = True
        if self._counting is not None and not self._counting.done():
            self._counting.cancel()
            await asyncio.wait([self._counting])

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

    def _is_certain(self, credits: int, now: int) -> bool:
        return credits + self._asked <= self._left and self._is_counted(now, OLDEST_SECONDS)

    def _is_counted(self, now: int, seconds: int) -> bool:
        """Whether the last count began less than so many seconds before."""
        return self._counted_at is not None and now - self._counted_at < seconds

    async def _counted(self, credits: int) -> None:
        """Return when a count has ended. Errors: its own."""
        if self._closed:
            raise StorageUnavailable
        counting = self._begin(credits)
        self._waiting += 1
        try:
            await asyncio.wait([counting])  # whoever goes away takes nobody else's count along
        finally:
            self._waiting -= 1
        if counting.cancelled():
            raise StorageUnavailable
        counting.result()

    def _begin(self, credits: int) -> asyncio.Task[None]:
        """The count that runs, or a new one."""
        if self._counting is None or self._counting.done():
            self._begun_at = self._clock()
            self._counting = asyncio.create_task(self._count(credits))
            self._counting.add_done_callback(self._told)
        return self._counting

    def _told(self, counting: asyncio.Task[None]) -> None:
        """An error reaches who waits; where nobody does, the first of several is logged."""
        if counting.cancelled():
            return
        error = counting.exception()
        if error is None:
            self._failing = False
        elif not self._waiting and not self._failing:
            self._failing = True
            log.warning("what the wallet's tokens cover cannot be counted: %s", error)

    async def _count(self, credits: int) -> None:
        began, before, left = await self._figure()
        if credits > left and self._look_is_due():
            await self._look()
            began, before, left = await self._figure()
        self._left, self._asked, self._counted_at = left, self._asked - before, began

    async def _figure(self) -> tuple[int, int, int]:
        """When it was asked for, what had been asked for until then, and what was left."""
        began, before = self._clock(), self._asked
        return began, before, await self._database.read(self._read)

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
