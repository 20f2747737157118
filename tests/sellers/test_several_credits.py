"""A use that costs several credits burns as many tokens, and its holder can prove it."""

import asyncio
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import time

import httpx

from buyer import Budget, BuyerClient, Wallet
from buyer.cli.imaging import ImageJobs, ImageOrder
from buyer.redemptions import jobs
from paywall import Paywall, Settings
from paywall.products.images.room import open_images
from tests.support.outside.resource import PRODUCT, weather
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.image_maker import PlainMaker
from tests.support.world.loop import in_loop
from tests.support.world.seller import BASE, make_blocks


def test_a_use_of_three_credits_burns_three_tokens_and_the_proof_adds_up(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    settings = Settings(
        data_dir=str(tmp_path / "shop"), blockfrost_url=devnet.url, batch_seconds=0, confirmations=1
    )
    app = Paywall(settings, resources=[weather(tmp_path / "reports")], products=[PRODUCT])

    async def story() -> None:
        transport = httpx.ASGITransport(app)
        with closing(Wallet.create(tmp_path / "wallet.db")) as wallet:
            devnet.faucet(wallet.address, 100_000_000)
            async with (
                make_blocks(devnet),
                app.running() as seller,
                BuyerClient(
                    BASE,
                    wallet=wallet,
                    budget=Budget(per_purchase="5.00 USD"),
                    wait=60,
                    environment={},
                    transport=transport,
                ) as client,
            ):
                receipt = await client.buy(credits=7, product=PRODUCT.id)
                uses = [await client.redeem(receipt, {"town": town}) for town in ("Bergen", "Oslo")]
                assert [use.credits_remaining for use in uses] == [4, 1]
                reports = [await client.verify(use.redemption_id, wait=60) for use in uses]
                assert [report.outcome for report in reports] == ["holds", "holds"], reports
                assert seller.custody is not None
                supply = await seller.chain.supply(seller.custody.asset)
                assert supply is not None
                assert supply[1] == 6

    asyncio.run(story())


@in_loop
async def test_the_command_for_images_notes_what_the_catalog_says_that_one_costs_and_its_proof_adds_up(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    settings = Settings(
        data_dir=str(tmp_path / "shop"), blockfrost_url=devnet.url, batch_seconds=0, confirmations=1
    )
    app = Paywall(settings, resources=[replace(open_images(settings, maker=PlainMaker()), cost=3)])
    with closing(Wallet.create(tmp_path / "wallet.db")) as wallet:
        devnet.faucet(wallet.address, 100_000_000)
        client = BuyerClient(
            BASE,
            wallet=wallet,
            budget=Budget(per_purchase="7.00 USD"),
            wait=60,
            environment={},
            transport=httpx.ASGITransport(app),
        )
        async with make_blocks(devnet), app.running(), client:
            ordered = ImageJobs(client, wallet, lambda: int(time()), lambda _said: None)
            done = await ordered.run(ImageOrder(7, 2, tmp_path / "images"), wait=60, burns_wait=60)
        assert done.remaining == 1
        assert [report and report.outcome for report in done.reports] == ["holds", "holds"], done.reports
        for image in done.images:
            made = wallet.transact(lambda db, one=image.redemption_id: jobs.use_of(db, one))  # type: ignore[misc]
            assert made is not None
            assert made.own.quantity == 3
