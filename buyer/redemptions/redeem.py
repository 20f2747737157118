"""Using credits: each use under one idempotency key, which outlives whatever ends this process."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from buyer.errors import PaymentRefused, SellerFault, StillPending, UsageError
from buyer.purchase import balance, receipts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import holdings, jobs
from buyer.redemptions.jobs import WantedUse
from buyer.redemptions.under_way import UnderWay
from buyer.seller.http import MAX_JSON, Reply
from buyer.seller.patience import LONGEST_POLL, Backoff, asked_while_gone
from buyer.seller.session import Session
from buyer.seller.typed import count, redemption_id
from shared import strict_json
from shared.text import clean

MAX_DELIVERY = 20_000_000
POLL_SECONDS = 1.0
BAD_REQUEST, CONFLICT, UNPROCESSABLE = 400, 409, 422
#: what is said of a use that a crash had cut off
REPEATED = (
    "this was asked for before, and its answer was lost when a process with this wallet was cut off: it is here now,"
    " and no further credit was taken"
)
IN_PROGRESS, EXHAUSTED = "redemption_in_progress", "credits_exhausted"


class NamesRedemption(Protocol):
    """An answer that names the redemption that it is of, and the credits that it left.

    `repeated` when the seller had given it before.
    """

    @property
    def redemption_id(self) -> str: ...

    @property
    def credits_remaining(self) -> int: ...

    @property
    def repeated(self) -> bool: ...


D = TypeVar("D", bound=NamesRedemption)


@dataclass(frozen=True, slots=True)
class DeliveredUse:
    """What a use delivered: `content` is of `media_type`, as the seller calls it.

    `repeated` when it was made for an earlier call of these words, whose answer was lost; no further credit was taken.
    """

    content: bytes
    media_type: str
    redemption_id: str
    credits_remaining: int
    repeated: bool = False


class UsingCredits:
    """Uses receipts at one seller. `wait` (seconds) bounds each use."""

    def __init__(self, session: Session, *, wait: float) -> None:
        self._session = session
        self._wallet = session.wallet
        self._wait = wait
        self._under_way = UnderWay.of(session.wallet)

    def note(self) -> None:
        """Write down what was asked for and what came of it. Errors: WalletError."""
        self._under_way.note()

    async def redeem(self, receipt: HeldReceipt, path: str, body: Mapping[str, Any]) -> DeliveredUse:
        """What the resource at `path` delivers for `body`, whatever it is. Errors as those of `fetch`."""

        async def deliver(use: WantedUse) -> DeliveredUse:
            return _read(await self.ask(receipt, use, accept="*/*", cap=MAX_DELIVERY))

        return await self.once(receipt, path, body, deliver)

    async def once(
        self,
        receipt: HeldReceipt,
        path: str,
        body: Mapping[str, Any],
        deliver: Callable[[WantedUse], Awaitable[D]],
    ) -> D:
        """One use of the resource at `path`. What was asked for in the same words and never came is first."""
        words = strict_json.dumps(dict(body))
        cost = (await self._session.seller()).catalog.cost(path)
        wanted = WantedUse.new("", receipt.id, path, words, cost=cost)
        asked = self._under_way.begin(wanted, now=self._session.context.now)
        try:
            delivery = await self._delivery(asked.use, deliver)
            self._under_way.answered(asked, delivery.redemption_id)
        except BaseException:
            self._under_way.ended(asked)
            raise
        if asked.may_be_lost and delivery.repeated:
            self._session.context.say(REPEATED)
        if self._under_way.lacks(receipt.id, receipt.granted, delivery.credits_remaining):
            await balance.look(self._session, receipt)
        return delivery

    async def fetch(self, use: WantedUse, deliver: Callable[[WantedUse], Awaitable[D]]) -> D:
        """What a stored key delivers, however often it takes: the same key never costs a second credit.

        Errors: PaymentRefused (no credits, receipt or proof refused), UsageError (the seller refuses the words),
        SellerError; after StillPending, SellerUnreachable and a refused proof the same key is to be asked again.
        """
        delivery = await self._delivery(use, deliver)
        try:
            self._wallet.transact(lambda db: jobs.delivered(db, use.idempotency_key, delivery.redemption_id))
        except sqlite3.IntegrityError as error:
            # One burn would then have to serve for two uses.
            raise SellerFault(
                "redemption_repeated", "the seller gave two uses the same redemption id"
            ) from error
        await self._check_remaining(use, delivery)
        return delivery

    async def _delivery(self, use: WantedUse, deliver: Callable[[WantedUse], Awaitable[D]]) -> D:
        try:
            async with asyncio.timeout(self._wait):
                return await deliver(use)
        except TimeoutError as error:
            hint = "The credit is not lost: the same command asks for the same delivery."
            raise StillPending(
                "delivery_pending", f"no delivery after {self._wait:.0f} s", hint=hint
            ) from error

    async def _check_remaining(self, use: WantedUse, delivery: NamesRedemption) -> None:
        """Fewer credits left than our uses account for: ask what was taken."""
        receipt, cost = self._wallet.transact(
            lambda db: (receipts.find(db, use.receipt_id), jobs.cost(db, use.receipt_id))
        )
        if delivery.credits_remaining < receipt.granted - cost:
            await balance.look(self._session, receipt)

    async def ask(
        self,
        receipt: HeldReceipt,
        use: WantedUse,
        *,
        accept: str,
        cap: int = MAX_JSON,
        explain: Callable[[Reply], str] | None = None,
    ) -> Reply:
        """The seller's yes to a stored key, as often as it says that it is still at it."""
        polls = Backoff(POLL_SECONDS, LONGEST_POLL)

        async def once() -> Reply:
            return await self._session.http.send(
                "POST",
                use.target,
                text=use.body,
                headers={"Idempotency-Key": use.idempotency_key, "accept": accept},
                auth=self._session.proof(receipt),
                cap=cap,
                explain=explain,
            )

        while True:
            reply = await asked_while_gone(once, self._session.context.say)
            if reply.ok:
                return reply
            if reply.refuses_proof:
                # Who asks was refused, not what is asked: a credit may have been taken, and the key stays.
                raise _unproved(reply)
            if reply.status != CONFLICT or reply.problem().code != IN_PROGRESS:
                self._wallet.transact(lambda db: jobs.refused(db, use.idempotency_key))
                raise self._refused(receipt, reply)
            await asyncio.sleep(polls.pause(reply.retry_after))

    def _refused(self, receipt: HeldReceipt, reply: Reply) -> PaymentRefused | UsageError | SellerFault:
        if not reply.refuses or reply.problem().code != EXHAUSTED:
            return _refused(reply)
        message, now = "the seller says that no credits are left", self._session.context.now()
        hint = self._wallet.transact(lambda db: holdings.advice(db, receipt, now=now))
        return PaymentRefused(EXHAUSTED, message, hint=hint, seller_says=reply.problem())


def _read(reply: Reply) -> DeliveredUse:
    """The body is the delivery; the headers say which redemption it was, and what it left."""
    try:
        return DeliveredUse(
            content=reply.body,
            media_type=clean(reply.content_type),
            redemption_id=redemption_id(reply.headers["redemption-id"]),
            credits_remaining=count(int(reply.headers["credits-remaining"])),
            repeated=reply.repeated,
        )
    except (LookupError, TypeError, ValueError) as error:
        message = "the answer names no redemption"
        raise SellerFault("delivery_malformed", message, seller_says={"detail": repr(error)}) from error


def _unproved(reply: Reply) -> PaymentRefused:
    message = "the seller refuses the proofs of the receipt's key"
    hint = "Is this machine's clock right? What was asked for is kept; the same command goes on."
    return PaymentRefused("proof_refused", message, hint=hint, seller_says=reply.problem())


def _refused(reply: Reply) -> PaymentRefused | UsageError | SellerFault:
    problem = reply.problem()
    if not reply.refuses:
        return SellerFault("delivery_malformed", f"a use was answered with {reply.status}")
    if reply.status in {BAD_REQUEST, UNPROCESSABLE}:
        hint = "No credit was taken. Ask for something else."
        return UsageError("words_refused", "the seller refused the words", hint=hint, seller_says=problem)
    hint = "No credit was taken. See: buyer receipts"
    return PaymentRefused("use_refused", "the seller refused the use", hint=hint, seller_says=problem)
