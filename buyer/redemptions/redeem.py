"""Using a credit: one image under one idempotency key, which is stored before the seller hears of it."""

import asyncio
import sqlite3
from dataclasses import dataclass
from hashlib import sha256

from buyer.errors import PaymentRefused, SellerFault, StillPending, UsageError, clean
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import delivery, files, jobs
from buyer.redemptions.delivery import Delivery
from buyer.redemptions.jobs import WantedImage
from buyer.seller import trace
from buyer.seller.http import Reply, describe
from buyer.seller.session import Session
from buyer.wallet import lease
from shared import strict_json

GENERATE_PATH = "/api/images/generate"
MAX_IMAGE = 20_000_000
POLL_SECONDS = 1.0
BAD_REQUEST, CONFLICT, UNPROCESSABLE = 400, 409, 422
IN_PROGRESS = "redemption_in_progress"


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """A delivered image: `content` is PNG (or what `extension` says), `subject` the seller's name for it."""

    content: bytes
    extension: str
    subject: str
    redemption_id: str
    credits_remaining: int


class Redeeming:
    def __init__(self, session: Session, *, wait: float) -> None:
        self._session = session
        self._wallet = session.wallet
        self._wait = wait

    async def generate(self, receipt: HeldReceipt, body: dict[str, str]) -> GeneratedImage:
        """An image for one credit. What was asked for in the same words and never came is first."""
        text = strict_json.dumps(body)
        waiting = self._wallet.transact(lambda db: jobs.unanswered(db, receipt.id, text))
        fresh = WantedImage.new(self._session.new_id(), receipt.id, text)
        for image in [*waiting, fresh]:
            # Calls side by side want an image each: a key that is being asked for is left alone.
            work = lease.Work(
                self._wallet,
                f"image {image.idempotency_key}",
                self._session.context.now,
                self._session.new_id(),
            )
            if lease.try_take(work):
                async with lease.keeping(work):
                    self._want(image)
                    return await self.fetch(receipt, image)
        raise AssertionError("nobody else knows a fresh key")

    def _want(self, image: WantedImage) -> None:
        self._wallet.transact(lambda db: jobs.want(db, image, None))

    async def fetch(self, receipt: HeldReceipt, image: WantedImage) -> GeneratedImage:
        """The image of a stored key, however often it takes: the same key never costs a second credit.

        Errors: PaymentRefused (no credits, receipt refused), UsageError (the seller refuses the words),
        SellerError; after StillPending and SellerUnreachable the same key is to be asked again.
        """
        try:
            async with asyncio.timeout(self._wait):
                told = await self._redeem(receipt, image)
                generated = await self._download(told)
        except TimeoutError as error:
            hint = "The credit is not lost: the same command asks for the same image."
            raise StillPending("image_pending", f"no image after {self._wait:.0f} s", hint=hint) from error
        try:
            self._wallet.transact(
                lambda db: jobs.delivered(db, image.idempotency_key, generated.redemption_id)
            )
        except sqlite3.IntegrityError as error:
            # One burn would then have to serve for two uses.
            raise SellerFault(
                "redemption_repeated", "the seller gave two images the same redemption id"
            ) from error
        return generated

    async def _redeem(self, receipt: HeldReceipt, image: WantedImage) -> Delivery:
        while True:
            reply = await self._session.http.send(
                "POST",
                GENERATE_PATH,
                body=strict_json.loads(image.body),
                headers={"Idempotency-Key": image.idempotency_key},
                auth=self._session.proof(receipt),
                explain=trace.delivered,
            )
            if reply.ok:
                return delivery.read(reply.json())
            if reply.status != CONFLICT or reply.problem().code != IN_PROGRESS:
                self._wallet.transact(lambda db: jobs.refused(db, image.idempotency_key))
                raise _refused(reply)
            await asyncio.sleep(POLL_SECONDS if reply.retry_after is None else reply.retry_after)

    async def _download(self, told: Delivery) -> GeneratedImage:
        reply = await self._session.http.send("GET", told.path, headers={"accept": "image/*"}, cap=MAX_IMAGE)
        if not reply.ok:
            raise SellerFault("image_missing", f"the image cannot be had: {describe(reply.problem())}")
        if sha256(reply.body).hexdigest() != told.sha256:
            raise SellerFault("image_changed", "the image is not the one that was delivered for the credit")
        kind = files.extension(reply.body)
        return GeneratedImage(reply.body, kind, told.subject, told.redemption_id, told.credits_remaining)


def _refused(reply: Reply) -> PaymentRefused | UsageError | SellerFault:
    problem = reply.problem()
    message, code = f"the seller refused: {describe(problem)}", clean(problem.code)
    if not reply.refuses:
        return SellerFault("image_malformed", f"an image was asked for and answered with {reply.status}")
    if code == "credits_exhausted":
        return PaymentRefused(code, message, hint="Buy more: buyer buy --credits N")
    if reply.status in {BAD_REQUEST, UNPROCESSABLE}:
        return UsageError(code, message, hint="No credit was taken. Ask for something else.")
    return PaymentRefused(code, message, hint="No credit was taken. See: buyer receipts")
