"""The flow of `buyer images`: buy credits, use some, save the images; taken up where it was cut off."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import category

from buyer.client import BuyerClient
from buyer.errors import SellerError, UsageError
from buyer.proof.report import Report
from buyer.purchase import receipts
from buyer.purchase.promises import CreditCounts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import files, jobs, series
from buyer.redemptions.asked import digest
from buyer.redemptions.jobs import WantedUse
from buyer.redemptions.redeem import REPEATED
from buyer.seller.session import Session
from buyer.wallet import lease
from buyer.wallet.file import Wallet
from shared import strict_json
from shared.text import counted

#: characters; longer ones are refused by the sellers that we know
LONGEST_SUBJECT = 1000
# Control characters, line breaks, and the lone surrogates that stand for an argument that is not UTF-8.
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class ImageOrder:
    """What is wanted: `subjects` are request bodies for the first images, the rest is up to the seller.

    It is checked as far as can be before anything is paid: afterwards it is too late to be refused.
    """

    credits: int
    generate: int
    folder: Path
    subjects: tuple[dict[str, str], ...] = ()

    def check(self) -> None:
        """UsageError unless it can be done."""
        if self.generate < 0 or self.generate > self.credits:
            message = (
                f"{counted(self.generate, 'image')}: more than {counted(self.credits, 'credit')} can make"
            )
            raise UsageError("generate_invalid", message)
        if len(self.subjects) > self.generate:
            message = f"more subjects ({len(self.subjects)}) than images ({self.generate})"
            raise UsageError("subjects_invalid", message)
        for words in (words for subject in self.subjects for words in subject.values()):
            if not 0 < len(words.strip()) <= LONGEST_SUBJECT or _CONTROL & set(map(category, words)):
                message = f"a name or a prompt is 1 to {LONGEST_SUBJECT} characters on one line"
                raise UsageError("subjects_invalid", message)
        if self.generate:
            files.check_folder(self.folder, self.generate)

    def check_cost(self, use_cost: int) -> None:
        """UsageError unless the credits suffice for the images, at `use_cost` credits each."""
        if self.generate * use_cost > self.credits:
            each = f"{counted(self.generate, 'image')} at {counted(use_cost, 'credit')} each"
            message = f"{each}: more than {counted(self.credits, 'credit')} can make"
            raise UsageError("generate_invalid", message)


@dataclass(frozen=True, slots=True)
class SavedImage:
    """An image that was written to the file `path`."""

    path: str
    redemption_id: str


@dataclass(frozen=True, slots=True)
class FinishedImages:
    """The images of one finished job. `remaining` credits by the wallet's own books, `counts` by the seller's.

    A report for each image, None where none was to be had.
    """

    receipt: HeldReceipt
    remaining: int
    counts: CreditCounts
    images: tuple[SavedImage, ...]
    reports: tuple[Report | None, ...]


class ImageJobs:
    """Calls of `buyer images` and `buyer generate`, each a job in the wallet until it is finished."""

    def __init__(
        self, client: BuyerClient, wallet: Wallet, now: Callable[[], int], say: Callable[[str], None]
    ) -> None:
        self._client = client
        self._wallet = wallet
        self._now = now
        self._say = say

    async def run(self, order: ImageOrder, *, wait: float, burns_wait: float) -> FinishedImages:
        """Do the order, or finish an interrupted one like it; `burns_wait` seconds for the burns."""
        order.check()
        # What is bought, and not where it goes: to save it elsewhere must not pay again.
        bought = ["images", self._client.origin, order.credits]
        earlier = [*bought, order.generate, str(order.folder.resolve())]
        name = f"images of {order.credits} credits at {self._client.origin}"
        work = lease.Work(self._wallet, name, self._now, Session.new_id())
        async with lease.held(work, wait=wait, say=self._say):
            job_id = self._open(bought, earlier)
            receipt = self._wallet.transact(lambda db: receipts.of_job(db, job_id))
            if receipt is None:
                order.check_cost(await self._client.first_cost())
                receipt = await self._client.buy(order.credits, job_id=job_id)
            self._say(f"receipt {receipt.id} for {receipt.granted} credits at {receipt.price}")
            count = max(order.generate, self._wallet.transact(lambda db: jobs.begun(db, job_id)))
            images = [await self._image(receipt, order, job_id, n) for n in range(1, count + 1)]
            counts = await self._client.credits(receipt)
            reports = await self._reports(images, burns_wait)
            # Last: a job that is killed while it waits for the burns must not be bought once more.
            self._wallet.transact(lambda db: jobs.finish(db, job_id))
        return FinishedImages(receipt, self._remaining(receipt), counts, tuple(images), reports)

    async def use(self, receipt: HeldReceipt, order: ImageOrder, *, wait: float) -> FinishedImages:
        """One image for a receipt that the wallet holds; the same words again finish what was interrupted."""
        order.check()
        kind, earlier = _use_kinds(receipt, order)
        work = lease.Work(self._wallet, f"an image for receipt {receipt.id}", self._now, Session.new_id())
        async with lease.held(work, wait=wait, say=self._say):
            job_id = self._open(kind, earlier)
            image = await self._image(receipt, order, job_id, 1)
            counts = await self._client.credits(receipt)
            self._wallet.transact(lambda db: jobs.finish(db, job_id))
        reports = await self._reports([image], 0)
        return FinishedImages(receipt, self._remaining(receipt), counts, (image,), reports)

    def is_begun(self, receipt: HeldReceipt, order: ImageOrder) -> bool:
        """Whether `use` of that receipt in the same words was interrupted after it had asked."""
        kinds = [json.dumps(kind) for kind in _use_kinds(receipt, order)]
        return self._wallet.transact(lambda db: any(jobs.is_begun(db, kind) for kind in kinds))

    def _remaining(self, receipt: HeldReceipt) -> int:
        return receipt.granted - self._wallet.transact(lambda db: jobs.known_cost(db, receipt.id))

    def _open(self, kind: Sequence[object], earlier: Sequence[object]) -> str:
        new_id, now = Session.new_id(), self._now()
        named, once = json.dumps(kind), json.dumps(earlier)
        return self._wallet.transact(
            lambda db: jobs.open_job(db, named, new_id=new_id, now=now, earlier=once)
        )

    async def _image(self, receipt: HeldReceipt, order: ImageOrder, job_id: str, position: int) -> SavedImage:
        body = order.subjects[position - 1] if position <= len(order.subjects) else {}
        path = await self._client.image_path(receipt)
        fresh = WantedUse.new(
            Session.new_id(),
            receipt.id,
            path,
            strict_json.dumps(body),
            position=position,
            cost=await self._client.use_cost(path),
        )
        image, was_lost = self._wallet.transact(lambda db: self._want(db, fresh, job_id))
        if image.state == "done" and image.path is not None and image.redemption_id is not None:
            return SavedImage(image.path, image.redemption_id)
        generated = await self._client.fetch(receipt, image)
        name = files.name(position, _title(body), generated.redemption_id, generated.content)
        file = str(files.save(order.folder, name, generated.content))
        self._wallet.transact(lambda db: jobs.saved(db, image.idempotency_key, file))
        if was_lost and generated.repeated:
            self._say(REPEATED)
        self._say(f"image {position} of {order.generate}: {file}, redemption {generated.redemption_id}")
        return SavedImage(file, generated.redemption_id)

    def _want(self, db: sqlite3.Connection, fresh: WantedUse, job_id: str) -> tuple[WantedUse, bool]:
        """What this position asks for, stored; and whether a program of this wallet may have lost its answer.

        Such a program asked by the library, and belongs to no job.
        """
        key = series.lost_key(db, fresh.receipt_id, digest(fresh), jobs.is_known, now=self._now())
        wanted = jobs.want(db, fresh if key is None else fresh.under(key), job_id)
        return wanted, wanted.idempotency_key == key

    async def _reports(self, images: list[SavedImage], wait: float) -> tuple[Report | None, ...]:
        """The proofs as far as they can be had; without a wait, an image counts without its proof."""
        reports: list[Report | None] = []
        for image in images:
            try:
                reports.append(await self._client.verify(image.redemption_id, wait=wait, look=self._progress))
            except SellerError:
                if wait:
                    raise
                reports.append(None)
        return tuple(reports)

    def _progress(self, report: Report) -> None:
        state = report.depth if report.tx_hash else "waiting for its batch"
        self._say(f"burn of {report.redemption_id}: {state}, proof {report.outcome}")


def _use_kinds(receipt: HeldReceipt, order: ImageOrder) -> tuple[list[object], list[object]]:
    """What one image for a receipt is called in the wallet, and what earlier buyers called it."""
    return (
        ["generate", receipt.id, *order.subjects],
        ["generate", receipt.id, str(order.folder.resolve()), *order.subjects],
    )


def _title(body: dict[str, str]) -> str:
    # Our own words alone: a path is read by whoever drives the command.
    return body.get("name") or body.get("prompt") or ""
