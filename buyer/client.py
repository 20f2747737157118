"""The buyer agent as a library.

budget = Budget(per_purchase="5.00 USD")
async with BuyerClient("http://localhost:8402", wallet=wallet, budget=budget) as client:
    receipt = await client.buy(credits=3)
    image = await client.generate(receipt, name="Abraham Lincoln")
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from buyer.budget import Budget
from buyer.errors import UsageError, nothing
from buyer.gifts import giving
from buyer.gifts.giving import GivenCredits
from buyer.payers.base import Payer
from buyer.payers.registry import Payers
from buyer.proof import receipt_standing
from buyer.proof.fetch import Proving
from buyer.proof.receipt_standing import ReceiptStanding
from buyer.proof.redemption import Redemption
from buyer.proof.report import Report
from buyer.purchase import balance, receipts
from buyer.purchase.promises import BrokenPromise, CreditCounts
from buyer.purchase.purchasing import Purchasing
from buyer.purchase.receipts import HeldReceipt
from buyer.purchase.record import Purchase, RehearsedPurchase
from buyer.purchase.stuck import Stuck
from buyer.redemptions import giving_back
from buyer.redemptions.giving_back import GivenBack
from buyer.redemptions.images import GeneratedImage, Images
from buyer.redemptions.jobs import WantedUse
from buyer.redemptions.redeem import DeliveredUse, UsingCredits
from buyer.seller.catalog import Catalog
from buyer.seller.session import Context, Session
from buyer.wallet.file import Wallet
from shared.text import LONGEST_LINE, clean

WAIT_SECONDS = 900.0


class BuyerClient:
    """A buyer at one seller, paying from one wallet within one budget.

    Errors are those of `buyer.errors`. `payers` pay over other rails than the wallet's own, and are asked first;
    whoever gives them closes them. `wait` (seconds) bounds each purchase and each use. `say` hears what
    happens in words, `trace` one line for each HTTP step; neither ever hears a token or a key. Variables (for
    real networks BLOCKFROST_PROJECT_ID and BUYER_ADA_USD) come from `environment`.
    """

    def __init__(
        self,
        url: str,
        *,
        wallet: Wallet,
        budget: Budget | None = None,
        payers: Sequence[Payer] = (),
        wait: float = WAIT_SECONDS,
        say: Callable[[str], None] = nothing,
        trace: Callable[[str], None] = nothing,
        environment: Mapping[str, str] = os.environ,
        now: Callable[[], int] = lambda: int(time.time()),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        context = Context(now, environment, _cleaned(say), _cleaned(trace), transport)
        self._session = Session(url, wallet, context, any_network=bool(payers))
        self._budget = budget
        self._payers = Payers(self._session, payers)
        self._wait = wait
        self._using = UsingCredits(self._session, wait=wait)
        self._images = Images(self._session, self._using)
        self._proving = Proving(self._session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """The wallet holds what was asked for and what came of it. Errors: WalletError when it cannot be written."""
        await self._session.aclose()
        self._using.note()

    @property
    def origin(self) -> str:
        """The seller's scheme, host and port."""
        return self._session.origin

    @property
    def broken_promises(self) -> tuple[BrokenPromise, ...]:
        """Where this seller gave less, or took more, than it had promised, as far as it showed itself by now."""
        return tuple(self._session.broken)

    async def buy(
        self, credits: int, *, product: str | None = None, job_id: str | None = None
    ) -> HeldReceipt:
        """Buy credits of `product` (by default the seller's first) within the budget.

        An interrupted purchase of as many is finished instead. `job_id` is the wallet's own of a command's job that
        it is bought for. Errors: UsageError for another.
        """
        purchasing = self._purchasing(credits)
        receipt = await purchasing.buy(product or await self._product(), credits, job_id)
        await balance.look(self._session, receipt)
        return receipt

    async def offered(self) -> Catalog:
        """What the seller says that it sells, as it was read; a purchase is checked against it."""
        return (await self._session.seller()).catalog

    def receipts(self) -> list[HeldReceipt]:
        """The receipts of this seller that the wallet holds, the newest first: the next run goes on with them."""
        return self._session.wallet.read(lambda db: receipts.every(db, self.origin))

    async def rehearse(self, credits: int, *, product: str | None = None) -> RehearsedPurchase:
        """What `buy` would do now. The seller is asked for an offer; nothing is signed or stored."""
        return await self._purchasing(credits).rehearse(product or await self._product(), credits)

    def _purchasing(self, credits: int) -> Purchasing:
        if self._budget is None:
            raise UsageError(
                "budget_missing", "buying needs a budget", hint='Budget(per_purchase="5.00 USD")'
            )
        if credits < 1:
            raise UsageError("credits_invalid", "at least one credit must be bought")
        return Purchasing(self._session, self._budget, self._payers, wait=self._wait)

    async def _product(self) -> str:
        return (await self._session.seller()).catalog.product()

    async def claim(self, purchase_id: str) -> HeldReceipt:
        """The receipt of a purchase that stuck after its payment: the seller is shown that payment again."""
        return await Stuck(self._session, self._payers, wait=self._wait).claim(purchase_id)

    async def release(self, purchase_id: str) -> Purchase:
        """Give a stuck purchase up: the same may be bought anew, and what was signed stays counted as spent."""
        return await Stuck(self._session, self._payers, wait=self._wait).release(purchase_id)

    async def redeem(
        self, receipt: HeldReceipt, body: Mapping[str, Any], *, path: str | None = None
    ) -> DeliveredUse:
        """Use credits of a receipt at `path` (by default where the catalog says that its product is used).

        `body` is sent as JSON. The same body again asks for what was interrupted, and costs nothing more.
        """
        if path is None:
            path = (await self._session.seller()).catalog.use_path(receipt.product)
        return await self._using.redeem(receipt, path, body)

    async def generate(
        self, receipt: HeldReceipt, *, name: str | None = None, prompt: str | None = None
    ) -> GeneratedImage:
        """Use one credit for one image: of a president by name, of a prompt, or of a president at random."""
        if name is not None and prompt is not None:
            raise UsageError("subject_invalid", "an image has a name or a prompt, not both")
        subject = {"name": name, "prompt": prompt}
        return await self._images.generate(
            receipt, {key: text for key, text in subject.items() if text is not None}
        )

    async def image_path(self, receipt: HeldReceipt) -> str:
        """Where the seller makes images for a receipt's credits."""
        return await self._images.path(receipt)

    async def first_cost(self) -> int:
        """Credits that one use takes of what is bought and used when nobody says what, as the catalog says."""
        catalog = (await self._session.seller()).catalog
        return catalog.cost(catalog.use_path(catalog.product()))

    async def use_cost(self, path: str) -> int:
        """Credits that one use of the resource at `path` takes, as the catalog says."""
        return (await self._session.seller()).catalog.cost(path)

    async def fetch(self, receipt: HeldReceipt, use: WantedUse) -> GeneratedImage:
        """The image of a key that the wallet has stored."""
        return await self._images.fetch(receipt, use)

    async def credits(self, receipt: HeldReceipt) -> CreditCounts:
        """What is left on a receipt, as the seller counts it."""
        return await balance.fetch(self._session, receipt)

    async def refund(self, receipt: HeldReceipt, credits: int | None = None, *, key: str) -> GivenBack:
        """Give credits back, all that are left by default; their money goes to who paid.

        The same key gives the same refund, as it stands by then.
        """
        return await giving_back.give_back(self._session, receipt, credits, key)

    async def give(self, receipt: HeldReceipt, to: str, *, credits: int | None = None) -> GivenCredits:
        """Credits of a receipt, or all that are left, to the holder of a did:key; what was interrupted is finished."""
        return await giving.give(self._session, receipt, to, credits)

    async def receive(self, token: str) -> HeldReceipt:
        """Keep a receipt that somebody gave to this wallet's key."""
        return await giving.receive(self._session, token)

    async def standing(self, receipt: HeldReceipt) -> ReceiptStanding:
        """Whether the receipt was revoked, by the status list that its issuer signed."""
        return await receipt_standing.look(self._session, receipt)

    async def redemption(self, redemption_id: str) -> Redemption:
        """A redemption and its burn, as the seller describes them."""
        return await self._proving.redemption(redemption_id)

    async def verify(
        self, redemption_id: str, *, wait: float = 0, look: Callable[[Report], None] = nothing
    ) -> Report:
        """Whether the token of a redemption was burned, by the chain; `wait` seconds while it is pending."""
        return await self._proving.verify(redemption_id, wait=wait, look=look)


def _cleaned(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Whatever a seller or a chain had its words in reaches a terminal or a log like this."""
    return nothing if tell is nothing else lambda line: tell(clean(line, LONGEST_LINE))
