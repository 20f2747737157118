"""The operator's commands beside a seller that serves: on PostgreSQL they work, on SQLite they say why they do not."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from buyer.errors import PaymentRefused
from buyer.wallet.file import Wallet
from shared.cardano.addresses import enterprise_address
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess
from tests.support.world.buying import buy
from tests.support.world.real_shop import BLOCK_SECONDS, RealSeller, RealShop


def test_a_receipt_is_revoked_and_given_beside_a_seller_that_serves(
    database_url: str, tmp_path: Path
) -> None:
    till = enterprise_address(SigningKey.generate().public, "cardano:devnet")
    settings: dict[str, Any] = {"PAYWALL_CARDANO_ADDRESS": till}
    if not database_url.startswith("sqlite"):
        settings["DATABASE_URL"] = database_url
    with (
        DevnetProcess(block_seconds=BLOCK_SECONDS) as devnet,
        SellerProcess(devnet, tmp_path / "seller", **settings) as process,
    ):
        shop = RealShop.open(RealSeller(devnet, process, till), tmp_path)
        held = buy(shop, 3)
        assert held.id in process.command("receipts", "list").stdout
        revoked = process.command("receipts", "revoke", held.id)
        if database_url.startswith("sqlite"):
            assert (revoked.returncode, "PostgreSQL" in revoked.stderr) == (2, True), revoked.stderr
            return
        assert revoked.returncode == 0, revoked.stderr
        with pytest.raises(PaymentRefused) as caught:
            with_client(shop, lambda client: client.generate(held, name="Abraham Lincoln"))
        assert caught.value.seller_says["code"] == "receipt_revoked"
        assert with_client(shop, lambda client: client.standing(held)).state == "revoked"
        other = buy(shop, 2)
        friend = SigningKey.generate().public.did
        given = process.command("receipts", "transfer", other.id, "--to", friend, "--credits", "1")
        assert given.returncode == 0, given.stderr
        counts = with_client(shop, lambda client: client.credits(other))
        assert (counts.available, counts.moved) == (1, 1)
        assert process.command("reconcile").returncode == 0


def with_client(shop: RealShop, work: Any) -> Any:
    async def once() -> Any:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                return await work(client)

    return asyncio.run(once())
