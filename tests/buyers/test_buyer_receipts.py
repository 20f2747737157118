"""Several receipts of one seller: credits are found where they are, and no use costs two of them."""

import asyncio
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from buyer.cli.any_receipt import AnyReceipt
from buyer.cli.imaging import FinishedImages, ImageJobs, ImageOrder
from buyer.errors import BuyerError, PaymentRefused, SellerUnreachable
from buyer.purchase import receipts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import holdings
from buyer.wallet.file import Wallet
from tests.support.hostile.shop import ORIGIN, Shop
from tests.support.hostile.transport import At
from tests.support.world.buying import buy

GENERATE = "/api/images/generate"


@pytest.fixture
def held(shop: Shop) -> list[HeldReceipt]:
    """Three credits, and later three more: the newest first."""
    older = buy(shop)
    shop.pass_time(60)
    return [buy(shop), older]


def use_any(shop: Shop, folder: Path, *, lost: bool = False) -> FinishedImages:
    """An image as `buyer generate` makes it without --receipt, its reply `lost` for good or not."""

    async def once() -> FinishedImages:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            after = At(1, httpx.ReadError("lost"), GENERATE, times=99)
            client = shop.client(wallet, after=after) if lost else shop.client(wallet)
            async with client:
                newest = wallet.transact(lambda db: receipts.every(db, ORIGIN))[0]
                jobs = ImageJobs(client, wallet, shop.now, shop.said.append)
                order = ImageOrder(1, 1, folder, ({},))
                return await AnyReceipt(client, wallet, jobs, now=shop.now()).use(newest, order, wait=30)

    return asyncio.run(once())


def generate(shop: Shop, receipt: HeldReceipt) -> None:
    async def once() -> None:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                await client.generate(receipt, name="Abraham Lincoln")

    asyncio.run(once())


def used(shop: Shop, receipt: HeldReceipt) -> int:
    return sum(use.receipt_id == receipt.id for use in shop.seller.uses.values())


def test_credits_of_older_receipts_are_used_when_the_newest_has_none(
    shop: Shop, held: list[HeldReceipt], tmp_path: Path
) -> None:
    paid_with = [use_any(shop, tmp_path).receipt.id for _ in range(6)]
    assert paid_with == [held[0].id] * 3 + [held[1].id] * 3
    with pytest.raises(PaymentRefused) as caught:
        use_any(shop, tmp_path)
    assert (caught.value.code, caught.value.hint) == ("credits_exhausted", holdings.BUY_MORE)
    assert len(shop.seller.uses) == 6


def test_where_the_seller_says_that_one_is_used_up_the_next_is_used(
    shop: Shop, held: list[HeldReceipt], tmp_path: Path
) -> None:
    before = shop.wallet_path.read_bytes()
    for _ in range(3):
        generate(shop, held[0])
    shop.wallet_path.write_bytes(before)  # a wallet that does not know of these uses
    assert use_any(shop, tmp_path).receipt.id == held[1].id
    assert (used(shop, held[0]), used(shop, held[1])) == (3, 1)


def test_an_interrupted_use_is_finished_on_the_receipt_that_it_was_begun_with(
    shop: Shop, held: list[HeldReceipt], tmp_path: Path
) -> None:
    for _ in range(2):
        generate(shop, held[0])
    with pytest.raises(SellerUnreachable):
        use_any(shop, tmp_path, lost=True)  # the last credit of the newest
    assert use_any(shop, tmp_path).receipt.id == held[0].id
    assert (used(shop, held[0]), used(shop, held[1])) == (3, 0)
    assert use_any(shop, tmp_path).receipt.id == held[1].id


def test_a_named_receipt_that_is_used_up_names_the_others(shop: Shop, held: list[HeldReceipt]) -> None:
    for _ in range(3):
        generate(shop, held[0])
    with pytest.raises(BuyerError) as caught:
        generate(shop, held[0])
    assert caught.value.code == "credits_exhausted"
    assert f"{held[1].id} (3 left)" in caught.value.hint


def test_an_expired_receipt_holds_nothing(shop: Shop, held: list[HeldReceipt]) -> None:
    def good(now: int) -> list[HeldReceipt]:
        found = wallet.transact(lambda db: holdings.spendable(db, ORIGIN, "image-credit", now=now))
        return [holding.receipt for holding in found]

    with closing(Wallet.open(shop.wallet_path)) as wallet:
        assert good(held[1].expires_at - 1) == held
        assert good(held[1].expires_at) == held[:1]
