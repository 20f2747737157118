"""Which receipt pays for an image when nobody names one."""

from buyer.cli.imaging import FinishedImages, ImageJobs, ImageOrder
from buyer.client import BuyerClient
from buyer.errors import PaymentRefused
from buyer.purchase import receipts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import holdings
from buyer.redemptions.redeem import EXHAUSTED
from buyer.wallet.file import Wallet


class AnyReceipt:
    """Uses the receipts of one seller that a wallet holds, the newest with credits left first."""

    def __init__(self, client: BuyerClient, wallet: Wallet, image_jobs: ImageJobs, *, now: int) -> None:
        self._client = client
        self._wallet = wallet
        self._jobs = image_jobs
        self._now = now

    async def use(self, newest: HeldReceipt, order: ImageOrder, *, wait: float) -> FinishedImages:
        """One image for one of them; where the seller says that one is used up, for the next.

        Only that clear refusal leads on: a use that may have come about keeps its key and its receipt.
        """
        order.check()
        refused: PaymentRefused | None = None
        for receipt in await self._candidates(newest, order):
            try:
                return await self._jobs.use(receipt, order, wait=wait)
            except PaymentRefused as error:
                if error.code != EXHAUSTED:
                    raise
                refused = error
        assert refused is not None, "there is one receipt at least"
        # Each was asked: to name one of them again would send the caller round in a circle.
        words = (refused.code, str(refused))
        raise PaymentRefused(*words, hint=holdings.BUY_MORE, seller_says=refused.seller_says) from refused

    async def _candidates(self, newest: HeldReceipt, order: ImageOrder) -> list[HeldReceipt]:
        """What was interrupted first, on the receipt that it was begun with: another would take a second credit."""
        cost = await self._client.use_cost(await self._client.image_path(newest))
        held = self._wallet.transact(lambda db: receipts.every(db, newest.origin))
        begun = [receipt for receipt in held if self._jobs.is_begun(receipt, order)]
        good = self._wallet.transact(
            lambda db: holdings.spendable(db, newest.origin, newest.product, now=self._now)
        )
        enough = [holding.receipt for holding in good if holding.left >= cost]
        # By the books none has any left: the seller is asked all the same, and says so.
        return [*begun, *(receipt for receipt in enough if receipt not in begun)] or [newest]
