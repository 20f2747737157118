"""A use that costs several credits burns as many tokens, and its holder can prove it."""

import asyncio
from contextlib import closing
from pathlib import Path

import httpx

from buyer import Budget, BuyerClient, Wallet
from paywall import Paywall, Settings
from tests.support.outside.resource import PRODUCT, weather
from tests.support.processes.devnet import DevnetProcess
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
