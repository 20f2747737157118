"""Proofs over the wire: one burn shown to two buyers, and a proof that is asked for when the receipt has expired."""

import asyncio
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from buyer.proof.report import Report
from buyer.wallet.file import Wallet
from shared.tokens.receipt import Receipt
from tests.support.hostile.shop import Shop

LIFETIME = 1_000


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """With a supply to burn from."""
    asyncio.run(shop.seller.mint())
    return shop


async def use(shop: Shop, wallet: Wallet) -> str:
    async with shop.client(wallet) as client:
        return (await client.generate(await client.buy(1), name="Abraham Lincoln")).redemption_id


async def verify(shop: Shop, wallet: Wallet, redemption_id: str) -> Report:
    async with shop.client(wallet) as client:
        return await client.verify(redemption_id)


def test_one_burn_that_is_shown_to_two_buyers_holds_for_the_one_whose_use_it_is(
    shop: Shop, tmp_path: Path
) -> None:
    """Same redemption id, same salt, same request: what differs is what each buyer holds and chose."""

    async def story() -> tuple[str, list[str]]:
        shop.seller.lies.redemption_id = "shown-to-both"
        with (
            closing(Wallet.open(shop.wallet_path)) as first,
            closing(Wallet.create(tmp_path / "2.db")) as second,
        ):
            shop.devnet.faucet(second.address, 100_000_000)
            shop.devnet.blocks()
            redemption_id = await use(shop, first)
            await shop.seller.burn()
            assert await use(shop, second) == redemption_id
            (honest, _) = shop.seller.uses.values()
            shop.seller.lies.burn = lambda burn: {**burn, "preimage": honest.preimage}
            reports = [await verify(shop, wallet, redemption_id) for wallet in (first, second)]
            broken = [check.name for check in reports[1].checks if check.outcome == "broken"]
            return reports[0].outcome, broken

    assert asyncio.run(story()) == ("holds", ["leaf", "merkle_proof"])


def test_a_proof_that_was_opened_once_holds_after_the_receipt_has_expired(shop: Shop) -> None:
    def short(receipt: Receipt) -> Receipt:
        return replace(receipt, expires_at=receipt.issued_at + LIFETIME)

    async def story() -> list[tuple[str, tuple[str, ...]]]:
        shop.seller.lies.receipt = short
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            opened, unopened = await use(shop, wallet), await use(shop, wallet)
            await shop.seller.burn()
            assert (await verify(shop, wallet, opened)).outcome == "holds"
            shop.pass_time(LIFETIME + 1)
            reports = [await verify(shop, wallet, one) for one in (opened, unopened)]
            return [(report.outcome, report.unchecked) for report in reports]

    assert asyncio.run(story()) == [("holds", ()), ("partly", ("leaf",))]
