"""Looks at a payment that is settling, shared by all who ask: the chain is asked once for them together."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from paywall.payments.turns import Turns
from shared.dialects.base import Paid, Settling

Look = Callable[[], Awaitable[Paid | Settling]]
#: answers that are kept for those who ask again
KEPT = 4096


class Looks:
    """One look at a payment at a time. That it is still settling is good for `fresh` seconds, for clients."""

    def __init__(self, turns: Turns, fresh: float) -> None:
        self._turns = turns
        self._fresh = fresh
        self._running: dict[str, asyncio.Future[Paid | Settling]] = {}
        self._known: OrderedDict[str, tuple[Settling, float]] = OrderedDict()

    async def for_client(self, payment_id: str, look: Look) -> Paid | Settling:
        """Within the budget. Errors: those of `look`, and Unavailable."""
        known = self._known.get(payment_id)
        if known is not None and asyncio.get_running_loop().time() < known[1] + self._fresh:
            return known[0]

        async def in_turn() -> Paid | Settling:
            async with self._turns.take(payment_id):
                return await look()

        return await self.once(payment_id, in_turn)

    async def once(self, payment_id: str, look: Look) -> Paid | Settling:
        """What the look finds, or the one that is under way. Errors: those of `look`."""
        while (running := self._running.get(payment_id)) is not None:
            await asyncio.wait([running])
            if not running.cancelled():
                return running.result()
        mine = self._running[payment_id] = asyncio.get_running_loop().create_future()
        self._known.pop(payment_id, None)
        try:
            found = await look()
        except Exception as error:
            mine.set_exception(error)
            mine.exception()  # taken note of: nobody may be waiting
            raise
        else:
            mine.set_result(found)
            self._keep(payment_id, found)
            return found
        finally:
            del self._running[payment_id]
            mine.cancel()  # its client went away: whoever waits looks by itself

    def _keep(self, payment_id: str, found: Paid | Settling) -> None:
        if isinstance(found, Settling):
            self._known[payment_id] = found, asyncio.get_running_loop().time()
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
