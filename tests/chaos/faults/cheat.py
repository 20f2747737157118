"""A payer whose payment is taken back with its block, and whose money is elsewhere before anybody hands it in again."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from shared.chain.base import ChainError
from shared.strict_json import StrictJsonError
from shared.tokens import jws
from tests.chaos.faults.chain_hand import ChainHand
from tests.chaos.faults.forks import Forks
from tests.chaos.shopper import Shopper
from tests.chaos.world import World

LOOKS, LOOK_SECONDS = 25, 0.2
#: slots: a fork may take the money along, and then the payment is given up some time after it has expired
EXPIRES = 8


@dataclass(slots=True)
class Cheat:
    """`payers` are the DIDs under which it paid, a new one each time."""

    world: World
    chance: random.Random
    counts: Counter[str]
    hand: ChainHand
    forks: Forks
    #: has money by the next time
    _next: Shopper | None = field(default=None, init=False)

    async def act(self) -> None:
        """Once in a while; the seller may be dead in the middle of it."""
        url = self.chance.choice(self.world.serving).url
        shopper, self._next = self._next, Shopper(self.world.devnet, url)
        await asyncio.to_thread(self._next.fund)
        # The seller is killed all the time, and the money may be on a fork that is gone.
        with suppress(
            httpx.TransportError, ChainError, ValueError, StrictJsonError, jws.TokenError, AssertionError
        ):
            if shopper is not None:
                await self._pay_and_undo(shopper)

    async def _pay_and_undo(self, shopper: Shopper) -> None:
        token, rival = await shopper.order(holder=True), await shopper.order(holder=True)
        paid, elsewhere = await shopper.pay(token, expires=EXPIRES), await shopper.pay(rival)
        self.world.cheats.append((shopper.key.public.did, paid.id))
        await self.hand.clear_fault()
        for _ in range(LOOKS):
            answer = await shopper.claim(token, paid.raw)
            if answer.status_code != httpx.codes.ACCEPTED:
                break
            await asyncio.sleep(LOOK_SECONDS)
        if answer.status_code != httpx.codes.OK:
            return
        landed = await asyncio.to_thread(self.world.devnet.ask, f"/txs/{paid.id}")
        height = int((await self.hand.control("status", method="GET"))["height"])
        if landed.status_code != httpx.codes.OK:
            return
        if await self.forks.rollback(height - int(landed.json()["block_height"]) + 1, keep=False):
            self.counts["payments undone by their payers"] += await self.hand.submit(elsewhere.raw)
