"""Step 3 of a request: reserve → image → capture together with the burn; release on failure.

    transaction: holder proof used, redemption under its idempotency key, credit available → reserved
    (no transaction): the image is made and stored
    transaction: redemption captured, credit reserved → captured, burn inserted

The work is detached from the connection: a client that went away gets its result by repeating the key.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from paywall.burns import store as burn_store
from paywall.burns.backlog import Backlog
from paywall.clock import Clock, Ids
from paywall.credits import store as credit_store
from paywall.database.engine import Database, Transaction
from paywall.errors import ImageMakerFailed, PaywallError, PromptRefused, RedemptionInProgress, Unavailable
from paywall.ops.failpoints import failpoint
from paywall.products.images import maker as images
from paywall.products.images.maker import ImageMaker, Picture, Subject
from paywall.redemptions import store as redemption_store
from paywall.redemptions.request import RedemptionRequest, Reservation
from paywall.redemptions.tables import RedemptionRow

log = logging.getLogger("paywall.redemptions")
#: what a reservation may outlive the image maker's own time limit by
MARGIN_SECONDS = 30
#: what an image costs, and so the tokens that it burns
CREDITS = 1


class PictureStore(Protocol):
    async def put(self, image_id: str, picture: Picture) -> str:
        """Store a picture for good; its SHA-256 in hex."""

    async def get(self, image_id: str) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A captured redemption with its picture."""

    redemption_id: str
    image_id: str
    sha256: str
    media_type: str
    subject: str
    credits_remaining: int
    data: bytes


class Redeeming:
    def __init__(
        self,
        *,
        database: Database,
        maker: ImageMaker,
        pictures: PictureStore,
        time_limit: int,
        clock: Clock,
        ids: Ids,
        salts: Callable[[], bytes],
        backlog: Backlog,
    ) -> None:
        self._database = database
        self._maker = maker
        self._pictures = pictures
        self._time_limit = time_limit
        self._clock = clock
        self._ids = ids
        self._salts = salts
        self._backlog = backlog
        self._running: set[asyncio.Task[Redeemed]] = set()
        self._reserving = 0
        self._closing = False

    async def redeem(self, request: RedemptionRequest, *, safety_identifier: str) -> Redeemed:
        """One credit for one picture; the same key gives the same answer and one effect.

        Errors: HolderProofInvalid, IdempotencyKeyReused, CreditsExhausted, RedemptionInProgress,
        PromptRefused, ImageMakerFailed, BurnBacklogFull, Unavailable.
        """
        if self._closing:
            raise Unavailable("The server is shutting down; nothing was reserved.")
        now = self._clock()
        deadline = now + self._time_limit + MARGIN_SECONDS
        full = self._backlog.is_full(self._reserving + len(self._running))
        self._reserving += 1
        try:
            taken = await self._database.transact(
                lambda tx: redemption_store.reserve(tx, request, now, deadline, backlog_full=full)
            )
        finally:
            self._reserving -= 1
        failpoint("redeem.reserved")
        if isinstance(taken, RedemptionRow):
            return await self._repeat(taken)
        task = asyncio.create_task(self._fulfil(taken, safety_identifier))
        self._running.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[Redeemed]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # taken note of: its client may have gone away

    async def _repeat(self, row: RedemptionRow) -> Redeemed:
        if row.state == "reserved":
            raise RedemptionInProgress(redemption_id=row.id)
        if row.refusal is not None:
            raise PromptRefused(row.refusal, redemption_id=row.id)
        image_id, sha256, media_type = row.image_id, row.image_sha256, row.image_type
        assert image_id is not None
        assert sha256 is not None
        assert media_type is not None
        data = await self._pictures.get(image_id)
        if data is None:
            raise Unavailable("The picture cannot be read at the moment.", redemption_id=row.id)
        balance = await self._database.read(lambda tx: credit_store.balance(tx, row.account_id))
        left = balance.available if balance is not None else 0
        return Redeemed(row.id, image_id, sha256, media_type, row.subject_text, left, data)

    async def _fulfil(self, reservation: Reservation, safety_identifier: str) -> Redeemed:
        subject = Subject(
            "name" if reservation.subject_kind == "name" else "prompt", reservation.subject_text
        )
        image_id = self._ids().replace("-", "")
        try:
            async with asyncio.timeout(self._time_limit):
                picture = await self._maker.make(
                    subject, redemption_id=reservation.id, safety_identifier=safety_identifier
                )
            failpoint("redeem.made")
            sha256 = await self._pictures.put(image_id, picture)
            failpoint("redeem.stored")
        except Exception as error:
            raise await self._release(reservation, error) from error
        image = (image_id, sha256, picture.media_type)
        captured = await self._database.transact(lambda tx: self._capture(tx, reservation, image))
        failpoint("redeem.captured")
        if not captured:
            raise ImageMakerFailed(
                "The image came too late; the credit was released.", redemption_id=reservation.id
            )
        return Redeemed(
            reservation.id,
            image_id,
            sha256,
            picture.media_type,
            subject.text,
            reservation.credits_remaining,
            picture.data,
        )

    def _capture(self, tx: Transaction, reservation: Reservation, image: tuple[str, str, str]) -> bool:
        """Invariant 2: the capture and its burn stand or fall in one commit."""
        now = self._clock()
        if not redemption_store.capture(tx, reservation, image, now):
            return False
        failpoint("redeem.capturing")
        salt, bound = self._salts(), reservation.commitment
        burn_store.insert(tx, reservation.id, salt, bound, quantity=CREDITS, now=now)
        self._backlog.added()
        return True

    async def _release(self, reservation: Reservation, error: Exception) -> PaywallError:
        log.warning("no image for redemption %s: %s", reservation.id, _for_the_log(error))
        refusal = (
            "The prompt was refused by the image maker; the credit was released."
            if (isinstance(error, images.PromptRefused))
            else None
        )
        await self._database.transact(
            lambda tx: redemption_store.release(
                tx, reservation.id, reservation.attempt, self._clock(), refusal=refusal
            )
        )
        failpoint("recover.released")
        if refusal is not None:
            return PromptRefused(refusal, redemption_id=reservation.id)
        return ImageMakerFailed(redemption_id=reservation.id)

    async def sweep(self) -> int:
        """Release what a crash left reserved; how many those were."""

        def release_overdue(tx: Transaction) -> int:
            now = self._clock()
            due = redemption_store.overdue(tx, now)
            released = 0
            for redemption_id, attempt in due:
                released += redemption_store.release(tx, redemption_id, attempt, now)
                failpoint("recover.sweeping")
            return released

        return await self._database.transact(release_overdue)

    async def drain(self) -> None:
        """Take no more; wait for what is under way."""
        self._closing = True
        if self._running:
            await asyncio.wait(self._running, timeout=self._time_limit)


def _for_the_log(error: Exception) -> str:
    """A maker's own sentence is safe to keep; another error's text could hold the prompt."""
    kept = isinstance(error, images.ImageMakerFailed | OSError)
    return str(error) if kept else type(error).__name__
