"""Step 3 of a request: reserve → fulfil → capture together with the burn; release on failure.

    transaction: holder proof used, redemption under its idempotency key, credits available → reserved
    (no transaction): the resource's fulfilment delivers, and the delivery is stored
    transaction: redemption captured, credits reserved → captured, burn inserted

Where nobody can ask again (no key), the first transaction need not be durable before the resource delivers: after a
crash nothing would be left of either. On SQLite what is delivered at once is captured in the same commit.

The work is detached from the connection: a client that went away gets its result by repeating the key.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple, cast

from paywall.burns.backlog import Backlog
from paywall.clock import Clock, Ids
from paywall.credits import store as credit_store
from paywall.database.engine import Database, GroupFn, Item, Provisional, Result
from paywall.errors import (
    FulfilmentFailed,
    PaywallError,
    RedemptionInProgress,
    StorageUnavailable,
    Unavailable,
)
from paywall.ops.failpoints import failpoint
from paywall.redemptions import store
from paywall.redemptions.access import use_up
from paywall.redemptions.at_once import QuickUse, Undelivered, UseAtOnce
from paywall.redemptions.capturing import Capture, ToCapture
from paywall.redemptions.deliveries import body_of, put, stored_delivery
from paywall.redemptions.fulfilment import Delivery, Fulfilment, StoredDelivery, UseOrder
from paywall.redemptions.request import RedemptionRequest, Reservation
from paywall.redemptions.reserving import RefusedUse, Reserve, Reserved, ToReserve
from paywall.redemptions.resource import Resource
from paywall.redemptions.tables import RedemptionRow
from shared.tokens.dpop import HolderProof

log = logging.getLogger("paywall.redemptions")
#: what a reservation may outlive the fulfilment's own time limit by
MARGIN_SECONDS = 30


class Redeemed(NamedTuple):
    """A captured redemption with what it delivered. `document` is the JSON text of what was performed.

    `repeated` when its key was asked for again.
    """

    redemption_id: str
    document: str
    delivery: StoredDelivery
    credits_remaining: int
    body: bytes
    repeated: bool = False


class Redeeming:
    """Uses credits, one redemption for each idempotency key. `salts` gives 16 random bytes for a burn's leaf."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        references: Ids,
        salts: Callable[[], bytes],
        backlog: Backlog,
    ) -> None:
        self._database = database
        self._clock = clock
        self._references = references
        self._salts = salts
        self._backlog = backlog
        self._running: set[asyncio.Task[Redeemed]] = set()
        self._reserve, self._capture = Reserve(database.liveness), Capture()
        self._quick = UseAtOnce(database.liveness)
        #: uses from when they are admitted to their answer, or to their end where nobody waits for that any more
        self._under_way = 0
        self._closing, self._drained = False, asyncio.Event()

    async def use_up(self, proof: HolderProof | None) -> None:
        """Of a request to redeem that was refused behind its proof."""
        await use_up(self._database, proof)

    async def redeem(self, resource: Resource, request: RedemptionRequest, *, user: str) -> Redeemed:
        """One use of the resource; the same key gives the same answer and one effect. `user` is a hash.

        Errors: HolderProofInvalid, IdempotencyKeyReused, CreditsExhausted, RedemptionInProgress,
        FulfilmentRefused, FulfilmentFailed, BurnBacklogFull, Unavailable.
        """
        if self._closing:
            raise Unavailable("The server is shutting down; nothing was reserved.")
        now = self._clock()
        full = request.owes_burn and self._backlog.is_full(self._under_way)
        asked = ToReserve(request, now, now + resource.seconds + MARGIN_SECONDS, full)
        self._under_way += 1
        if resource.quick:
            try:
                return await self._use_at_once(resource, asked, user)
            finally:
                self._ended()
        # A task from before it reserves: whoever goes away meanwhile leaves nothing reserved.
        task = asyncio.create_task(self._use_in_steps(resource, asked, user))
        self._running.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[Redeemed]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # taken note of: its client may have gone away
        self._ended()

    def _ended(self) -> None:
        self._under_way -= 1
        if self._closing and not self._under_way:
            self._drained.set()

    async def _use_in_steps(self, resource: Resource, asked: ToReserve, user: str) -> Redeemed:
        held = await self._reserved(asked)
        failpoint("redeem.reserved")
        taken = held.done if isinstance(held.done, Reservation) else await held.kept
        if isinstance(taken, RefusedUse):
            raise taken.error
        if isinstance(taken, RedemptionRow):
            return await self._repeat(resource, taken)
        return await self._fulfil(resource, taken, held.kept, user)

    async def _reserved(self, asked: ToReserve) -> Provisional[Reserved]:
        """Durable already where the same key may be sent again after a crash: it names this very redemption."""
        held = await self._database.provisionally(self._reserve, asked)
        if asked.request.is_repeatable:
            await held.kept
        return held

    async def _use_at_once(self, resource: Resource, asked: ToReserve, user: str) -> Redeemed:
        use = QuickUse(asked, resource, user, self._references(), self._salts())
        done = await self._owing(asked.request.owes_burn, self._quick, use)
        failpoint("redeem.captured")
        if isinstance(done, RefusedUse):
            raise done.error
        if isinstance(done, RedemptionRow):
            return await self._repeat(resource, done)
        if isinstance(done, Undelivered):
            raise _undelivered(resource, done.redemption_id, done.error) from done.error
        held = done.reservation
        if held.owes_burn:
            self._backlog.added()
        return Redeemed(held.id, held.document, done.delivery, held.credits_remaining, done.body)

    async def _owing(self, burn: bool, fn: GroupFn[Item, Result], item: Item) -> Result:
        """`transact_in_group` of what captures, and with it may owe a `burn`."""
        try:
            return await self._database.transact_in_group(fn, item)
        except (asyncio.CancelledError, StorageUnavailable):
            if burn:
                self._backlog.added()  # perhaps: it may be done all the same
            raise

    async def _repeat(self, resource: Resource, row: RedemptionRow) -> Redeemed:
        if row.state == "reserved":
            raise RedemptionInProgress(redemption_id=row.id)
        if row.refusal is not None:
            raise resource.refused(row.refusal, redemption_id=row.id)
        delivery = stored_delivery(resource, row)
        assert delivery is not None
        body = await body_of(resource, row)
        if body is None:
            raise Unavailable("The delivery cannot be read at the moment.", redemption_id=row.id)
        balance = await self._database.read(lambda tx: credit_store.balance(tx, row.account_id))
        left = balance.available if balance is not None else 0
        return Redeemed(row.id, row.document, delivery, left, body, repeated=True)

    async def _fulfil(
        self, resource: Resource, held: Reservation, kept: Awaitable[Reserved], user: str
    ) -> Redeemed:
        order = UseOrder(held.id, json.loads(held.document), user)
        try:
            delivered = await _perform(resource, order)
            failpoint("redeem.made")
            delivery, inline = await put(resource, self._references(), delivered)
            failpoint("redeem.stored")
        except BaseException as error:
            if _ends_us(error):
                raise
            raise await self._release(resource, held, error) from error
        end = ToCapture(held, delivery, inline, self._salts(), self._clock())
        captured = await self._owing(held.owes_burn, self._capture, end)
        if isinstance(reserved := await kept, RefusedUse):
            raise reserved.error  # run again, it found the credits gone: it was told too early
        failpoint("redeem.captured")
        if not captured:
            raise resource.failed("It came too late; the credits were released.", redemption_id=held.id)
        if held.owes_burn:
            self._backlog.added()
        return Redeemed(held.id, held.document, delivery, held.credits_remaining, delivered.body)

    async def _release(
        self, resource: Resource, reservation: Reservation, error: BaseException
    ) -> PaywallError:
        refusal, now = store.refusal_of(error), self._clock()
        await self._database.transact(
            lambda tx: store.release(tx, reservation.id, reservation.attempt, now, refusal=refusal)
        )
        failpoint("recover.released")
        return _undelivered(resource, reservation.id, error)

    async def drain(self) -> None:
        """Take no more; wait for what is under way, each within its resource's time."""
        self._closing = True
        if self._under_way:
            await self._drained.wait()


async def _perform(resource: Resource, order: UseOrder) -> Delivery:
    async with asyncio.timeout(resource.seconds):
        return await cast(Fulfilment, resource.fulfilment).perform(order)


def _undelivered(resource: Resource, redemption_id: str, error: BaseException) -> PaywallError:
    """What is answered when nothing was delivered and the credits are available again."""
    log.warning("nothing delivered for redemption %s: %s", redemption_id, _for_the_log(error))
    refusal = store.refusal_of(error)
    if refusal is not None:
        return resource.refused(refusal, redemption_id=redemption_id)
    return resource.failed(redemption_id=redemption_id)


def _ends_us(error: BaseException) -> bool:
    """Whether it is we who are to end. A fulfilment that cancels something of its own has merely failed."""
    task = asyncio.current_task()
    cancelled = isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
    return cancelled or isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)


def _for_the_log(error: BaseException) -> str:
    """A fulfilment's own note is safe to keep; another error's text could hold the prompt."""
    if isinstance(error, FulfilmentFailed):
        return error.note or error.code
    return str(error) if isinstance(error, OSError) else type(error).__name__
