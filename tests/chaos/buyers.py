"""Buyers that buy and redeem for as long as they are let, and then finish what they began."""

import asyncio
import hashlib
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from buyer.budget import Budget
from buyer.client import BuyerClient
from buyer.errors import BuyerError, SellerFault, UsageError
from buyer.purchase import receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.receipts import HeldReceipt
from buyer.purchase.record import Purchase
from buyer.redemptions import jobs
from buyer.redemptions.jobs import WantedUse
from buyer.seller.catalog import USE_PATH
from buyer.wallet.file import Wallet
from tests.chaos.faults.wire import Wire

SUBJECTS = ("Abraham Lincoln", "Andrew Jackson", "James Monroe", "Zachary Taylor")
FINISH_SECONDS = 60.0
COIN, COINS = 40_000_000, 10
FUNDS = COIN * COINS


@dataclass(frozen=True, slots=True)
class Payment:
    """A purchase whose bytes were signed: what it may cost is known."""

    purchase_id: str
    state: str
    credits: int
    tx_hash: str
    tx_bytes: bytes
    request_id: str


class ChaosBuyer:
    def __init__(
        self,
        url: str,
        folder: Path,
        chance: random.Random,
        counts: Counter[str],
        now: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "wallet.db"
        self.wallet = Wallet.open(path) if path.exists() else Wallet.create(path)
        self.wire = Wire(chance, counts)
        self.client = BuyerClient(
            url,
            wallet=self.wallet,
            budget=Budget(per_purchase="20 USD"),
            wait=40,
            now=now,
            transport=self.wire,
        )
        self._chance = chance
        self._counts = counts
        #: redemption id → SHA-256 of the image that was delivered for it
        self.images: dict[str, str] = {}
        #: answers that break a promise, in words
        self.complaints: list[str] = []
        #: the machine's clock or disk is at fault, so a refusal is no complaint
        self.excuses = False

    async def live(self, stop: asyncio.Event) -> None:
        """Buy and redeem until told to stop."""
        while not stop.is_set():
            try:
                await self._errand(stop)
            except BuyerError as error:
                self._note(error)
                await asyncio.sleep(0.05)

    async def _errand(self, stop: asyncio.Event) -> None:
        open_kinds = self._open_kinds()
        wanted = open_kinds[0] if open_kinds else self._chance.randint(1, 3)
        receipt = await self.client.buy(wanted)
        for _ in range(receipt.granted):
            if stop.is_set():
                return
            await self._image(receipt, self._wish(receipt))

    async def once(self, credits: int, images: int) -> None:
        """One purchase and some images, over an honest wire, whatever the seller does meanwhile."""
        receipt = await self.client.buy(credits)
        for _ in range(images):
            image = self._wish(receipt)
            self.wallet.transact(lambda db, image=image: jobs.want(db, image, None))  # type: ignore[misc]
            self._keep(await self._fetch(receipt, image))

    def _wish(self, receipt: HeldReceipt) -> WantedUse:
        return WantedUse.new(self._new_key(), receipt.id, USE_PATH, self._body())

    def _new_key(self) -> str:
        return f"chaos-{self._chance.getrandbits(64):016x}"

    def _body(self) -> str:
        return f'{{"name":"{self._chance.choice(SUBJECTS)}"}}'

    async def _image(self, receipt: HeldReceipt, image: WantedUse) -> None:
        self.wallet.transact(lambda db: jobs.want(db, image, None))
        if self._chance.random() > 0.3:
            return self._keep(await self._fetch(receipt, image))
        # The same key twice at once: one effect, and the same answer where both are answered.
        self._counts["keys doubled"] += 1
        answers = await asyncio.gather(
            self._fetch(receipt, image), self._fetch(receipt, image), return_exceptions=True
        )
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        for answer in answers:
            if not isinstance(answer, BaseException):
                self._keep(answer)
        if len({answer for answer in answers if not isinstance(answer, BaseException)}) > 1:
            self.complaints.append(f"one key, two answers: {answers}")
        if failures:
            raise failures[0]
        return None

    async def _fetch(self, receipt: HeldReceipt, image: WantedUse) -> tuple[str, str]:
        generated = await self.client.fetch(receipt, image)
        return generated.redemption_id, hashlib.sha256(generated.content).hexdigest()

    def _keep(self, answer: tuple[str, str]) -> None:
        redemption_id, digest = answer
        if self.images.setdefault(redemption_id, digest) != digest:
            self.complaints.append(f"redemption {redemption_id} was answered with another image")

    def _note(self, error: BuyerError) -> None:
        self._counts[f"buyers told {error.code}"] += 1
        if isinstance(error, SellerFault | UsageError) and not self.excuses:
            self.complaints.append(f"{error.code}: {error}")

    async def finish(self, seconds: float = FINISH_SECONDS) -> None:
        """Every open purchase and every image that was asked for comes to its end, or TimeoutError."""
        self.wire.faulty = False
        await self.wire.settle()
        async with asyncio.timeout(seconds):
            while self._open_kinds() or self._unanswered():
                try:
                    for kind in self._open_kinds():
                        await self.client.buy(kind)
                    for image in self._unanswered():
                        self._keep(await self._fetch(self._receipt_of(image), image))
                except BuyerError as error:
                    self._note(error)
                    await asyncio.sleep(0.2)

    def _receipt_of(self, image: WantedUse) -> HeldReceipt:
        return self.wallet.transact(lambda db: receipts.find(db, image.receipt_id))

    def _open_kinds(self) -> list[int]:
        def read(db: sqlite3.Connection) -> list[int]:
            rows = db.execute(
                "SELECT credits FROM purchases WHERE state IN ('wanted', 'requested', 'signed')"
            )
            return [int(row[0]) for row in rows]

        return self.wallet.transact(read)

    def _unanswered(self) -> list[WantedUse]:
        def read(db: sqlite3.Connection) -> list[WantedUse]:
            keys = db.execute("SELECT idempotency_key FROM uses WHERE state = 'wanted'").fetchall()
            return [jobs.find(db, key) for (key,) in keys]

        return self.wallet.transact(read)

    def receipts(self) -> list[HeldReceipt]:
        return self.wallet.transact(receipts.every)

    def delivered(self) -> dict[str, list[tuple[str, str]]]:
        """Receipt id → (idempotency key, redemption id) of each image that came."""

        def read(db: sqlite3.Connection) -> dict[str, list[tuple[str, str]]]:
            found: dict[str, list[tuple[str, str]]] = {}
            rows = db.execute(
                "SELECT receipt_id, idempotency_key, redemption_id FROM uses WHERE state <> 'wanted'"
            )
            for receipt_id, key, redemption_id in rows:
                found.setdefault(receipt_id, []).append((key, redemption_id))
            return found

        return self.wallet.transact(read)

    def image(self, key: str) -> WantedUse:
        return self.wallet.transact(lambda db: jobs.find(db, key))

    def payments(self) -> list[Payment]:
        """Oldest first."""

        def read(db: sqlite3.Connection) -> list[Payment]:
            rows = db.execute("SELECT id FROM purchases WHERE evidence IS NOT NULL ORDER BY rowid").fetchall()
            return [_payment(purchase_store.find(db, purchase_id)) for (purchase_id,) in rows]

        return self.wallet.transact(read)

    async def aclose(self) -> None:
        await self.client.aclose()
        self.wallet.close()


def _payment(purchase: Purchase) -> Payment:
    raw = purchase.evidence.payload["transaction"]
    assert isinstance(raw, bytes)
    assert purchase.external_id is not None
    assert purchase.payment_request_id is not None
    return Payment(
        purchase.id,
        purchase.state,
        purchase.kind.credits,
        purchase.external_id,
        raw,
        purchase.payment_request_id,
    )
