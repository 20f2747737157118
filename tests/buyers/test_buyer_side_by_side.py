"""Buyers side by side on one wallet, and images that are asked for more than once."""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from buyer.budget import Budget
from buyer.cli import output
from buyer.cli.imaging import FinishedImages, ImageJobs, ImageOrder
from buyer.errors import OverBudget, SellerUnreachable
from buyer.purchase.receipts import HeldReceipt
from buyer.wallet.file import Wallet
from tests.buyers.conftest import OpenShop, deaths
from tests.support.hostile.shop import Shop, nobody
from tests.support.hostile.transport import At, Killed
from tests.support.world.real_shop import AnyShop

PRICE = 6_000_000
GENERATE = "/api/images/generate"


def together(shop: AnyShop, counts: list[int], budget: Budget) -> list[HeldReceipt | BaseException]:
    """Buy so many credits each, every buyer with a wallet connection of its own."""

    async def one(count: int) -> HeldReceipt:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet, budget=budget) as client:
                return await client.buy(count)

    async def every() -> list[HeldReceipt | BaseException]:
        return await asyncio.gather(*(one(count) for count in counts), return_exceptions=True)

    return asyncio.run(every())


def test_buyers_of_different_orders_pay_side_by_side_from_different_outputs(open_shop: OpenShop) -> None:
    shop = open_shop(lovelace=(20_000_000,) * 4)
    outcomes = together(shop, [1, 2, 3, 4], Budget(per_purchase="5.00 USD"))
    assert sorted(r.granted for r in outcomes if isinstance(r, HeldReceipt)) == [1, 2, 3, 4]
    assert shop.paid_on_chain() == 20_000_000
    assert shop.payments() == 4


def test_buyers_that_share_one_output_take_turns(any_shop: AnyShop) -> None:
    outcomes = together(any_shop, [1, 2, 3], Budget(per_purchase="5.00 USD"))
    assert sorted(r.granted for r in outcomes if isinstance(r, HeldReceipt)) == [1, 2, 3]
    assert any_shop.payments() == 3


def test_buyers_of_the_same_order_take_turns_and_each_gets_a_receipt(any_shop: AnyShop) -> None:
    outcomes = together(any_shop, [3, 3], Budget(per_purchase="5.00 USD"))
    receipts = {outcome.id for outcome in outcomes if isinstance(outcome, HeldReceipt)}
    assert len(receipts) == 2
    assert any_shop.paid_on_chain() == 2 * PRICE
    assert any("another buyer is at" in line for line in any_shop.said)


def test_a_total_is_never_overspent_side_by_side(open_shop: OpenShop) -> None:
    shop = open_shop(lovelace=(20_000_000,) * 5)
    outcomes = together(shop, [1, 2, 3, 4, 5], Budget(per_purchase="5.00 USD", total="6.00 USD"))
    bought = sum(outcome.granted for outcome in outcomes if isinstance(outcome, HeldReceipt))
    refused = [outcome for outcome in outcomes if isinstance(outcome, OverBudget)]
    assert len(refused) + sum(isinstance(outcome, HeldReceipt) for outcome in outcomes) == 5
    assert 0 < bought <= 6
    assert shop.paid_on_chain() == bought * 2_000_000


def images_of(folder: Path, *, generate: int = 2, subjects: tuple[dict[str, str], ...] = ()) -> ImageOrder:
    return ImageOrder(3, generate, folder, subjects)


def run(
    shop: AnyShop,
    wanted: ImageOrder,
    *,
    before: Callable[[httpx.Request], None] = nobody,
    after: Callable[[httpx.Request], None] = nobody,
    burns_wait: float = 0,
) -> FinishedImages:
    """`buyer images` as a process of its own."""

    async def once() -> FinishedImages:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet, before=before, after=after) as client:
                image_jobs = ImageJobs(client, wallet, shop.now, shop.said.append)
                return await image_jobs.run(wanted, wait=30, burns_wait=burns_wait)

    return asyncio.run(once())


def test_a_run_buys_makes_saves_and_counts(any_shop: AnyShop, tmp_path: Path) -> None:
    done = run(any_shop, images_of(tmp_path / "out", subjects=({"name": "Abraham Lincoln"},)))
    assert (done.remaining, len(done.images)) == (1, 2)
    first, second = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert (first[:18], second[:3]) == ("01-abraham-lincoln", "02-")
    assert any_shop.paid_on_chain() == PRICE
    # Nobody waits for the burns here; the real seller may have been quicker than our look.
    assert {report.outcome for report in done.reports if report is not None} <= {"pending", "holds"}
    assert len(done.reports) == 2


@pytest.mark.parametrize(("open_shop", "side", "number"), deaths(8), indirect=["open_shop"])
def test_a_run_that_dies_anywhere_is_finished_by_the_next(
    any_shop: AnyShop, tmp_path: Path, number: int, side: str
) -> None:
    wanted = images_of(tmp_path / "out")
    with pytest.raises(Killed):
        run(any_shop, wanted, **{side: At(number, Killed())})  # type: ignore[arg-type]  # one of two keywords
    done = run(any_shop, wanted)
    assert (any_shop.paid_on_chain(), asyncio.run(any_shop.uses()), done.remaining) == (PRICE, 2, 1)
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert len({image.redemption_id for image in done.images}) == 2


def test_the_run_after_a_finished_one_buys_again(any_shop: AnyShop, tmp_path: Path) -> None:
    first, second = run(any_shop, images_of(tmp_path / "out")), run(any_shop, images_of(tmp_path / "out"))
    assert first.receipt.id != second.receipt.id
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_a_burn_that_is_waited_for_is_verified(shop: Shop, tmp_path: Path) -> None:
    asyncio.run(shop.seller.mint())

    async def waits() -> FinishedImages:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                image_jobs = ImageJobs(client, wallet, shop.now, shop.said.append)
                task = asyncio.create_task(
                    image_jobs.run(images_of(tmp_path / "out"), wait=30, burns_wait=60)
                )
                while not any("waiting for its batch" in line for line in shop.said):  # noqa: ASYNC110  a list has no event
                    await asyncio.sleep(0.01)
                await shop.seller.burn()
                return await task

    done = asyncio.run(waits())
    assert [report.outcome for report in done.reports if report is not None] == ["holds", "holds"]


def test_images_side_by_side_take_a_credit_each(any_shop: AnyShop) -> None:
    async def once() -> list[str]:
        with closing(Wallet.open(any_shop.wallet_path)) as wallet:
            async with any_shop.client(wallet) as client:
                receipt = await client.buy(3)
                images = await asyncio.gather(
                    *(client.generate(receipt, name="Abraham Lincoln") for _ in range(3))
                )
                assert (await client.credits(receipt)).available == 0
                return [image.redemption_id for image in images]

    assert len(set(asyncio.run(once()))) == 3
    assert asyncio.run(any_shop.uses()) == 3


def test_an_image_whose_reply_was_lost_costs_one_credit_however_often_it_is_asked_for(
    any_shop: AnyShop,
) -> None:
    async def once() -> str:
        with closing(Wallet.open(any_shop.wallet_path)) as wallet:
            async with any_shop.client(wallet) as client:
                receipt = await client.buy(3)
            for _ in range(2):
                lost = At(1, httpx.ReadError("lost"), GENERATE, times=99)
                async with any_shop.client(wallet, after=lost) as client:
                    with pytest.raises(SellerUnreachable):
                        await client.generate(receipt, name="Abraham Lincoln")
            async with any_shop.client(wallet) as client:
                image = await client.generate(receipt, name="Abraham Lincoln")
                assert (await client.credits(receipt)).available == 2
                return image.redemption_id

    redemption_id = asyncio.run(once())
    with closing(Wallet.open(any_shop.wallet_path)) as wallet:
        keys = wallet.transact(lambda db: db.execute("SELECT redemption_id FROM uses").fetchall())
    assert (keys, asyncio.run(any_shop.uses())) == ([(redemption_id,)], 1)


def test_the_object_that_is_printed_has_the_keys_that_scripts_read(any_shop: AnyShop, tmp_path: Path) -> None:
    document, _ = output.images(run(any_shop, images_of(tmp_path / "out")))
    assert list(json.loads(json.dumps(document))) == [
        *("payment_request_id", "price", "receipt_id", "credits", "images", "burns", "seller_says")
    ]
