"""A receipt that is used again and again: no use waits for the disk, and all are noted soon."""

import asyncio
import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from buyer.errors import SellerFault, WalletError, nothing
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import under_way
from buyer.redemptions.jobs import WantedUse
from buyer.wallet.file import Wallet
from tests.support.hostile.shop import Shop
from tests.support.world.buying import buy
from tests.support.world.loop import in_loop
from tests.support.world.real_shop import AnyShop

LINCOLN = {"name": "Abraham Lincoln"}
FORKED = 1
#: uses that were delivered, and series
STATE = "SELECT (SELECT count(*) FROM uses WHERE state = 'delivered'), (SELECT count(*) FROM series)"


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is noted by the clock."""
    monkeypatch.setattr(under_way, "NOTE_SECONDS", 1000.0)


def rows(shop: AnyShop, query: str) -> list[tuple[object, ...]]:
    """As another process finds them."""
    with closing(sqlite3.connect(shop.wallet_path)) as db:
        return db.execute(query).fetchall()


def commits(shop: AnyShop) -> int:
    """SQLite's file change counter: offset 24 of the file's header."""
    return int.from_bytes(shop.wallet_path.read_bytes()[24:28])


def forked_asks(wallet: Wallet, receipt: HeldReceipt, now: Callable[[], int]) -> int:
    """The exit code of a child that would use the receipt: FORKED when it was refused for being one."""
    if (child := os.fork()) == 0:
        wanted = WantedUse.new("", receipt.id, "/api/images/generate", "{}")
        try:
            under_way.UnderWay.of(wallet).begin(wanted, now=now)
        except WalletError as error:
            os._exit(FORKED if error.code == "wallet_forked" else 2)
        os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def forked_writes(wallet: Wallet) -> int:
    """As `forked_asks`, of a child that would write anything into the wallet."""
    if (child := os.fork()) == 0:
        try:
            wallet.transact(nothing)
        except WalletError as error:
            os._exit(FORKED if error.code == "wallet_forked" else 2)
        os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@contextmanager
def full_disk() -> Iterator[None]:
    """The limit on a file's size stands for the disk: SQLite sees the same failure of a write."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


@in_loop
async def test_a_following_use_waits_for_no_disk_and_is_noted_when_its_client_closes(
    any_shop: AnyShop, late: None
) -> None:
    receipt = await asyncio.to_thread(buy, any_shop)
    with closing(Wallet.open(any_shop.wallet_path)) as wallet:
        async with any_shop.client(wallet) as client:
            first = await client.redeem(receipt, LINCOLN)
            before = commits(any_shop)
            second = await client.redeem(receipt, LINCOLN)
            assert commits(any_shop) == before
        told = {(first.redemption_id, "delivered"), (second.redemption_id, "delivered")}
        assert set(rows(any_shop, "SELECT redemption_id, state FROM uses")) == told
        assert rows(any_shop, "SELECT asked FROM receipts") == [(2,)]


@in_loop
async def test_what_was_asked_is_noted_soon_and_an_idle_wallet_holds_no_series(
    any_shop: AnyShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_way, "NOTE_SECONDS", 0.05)
    receipt = await asyncio.to_thread(buy, any_shop)
    with closing(Wallet.open(any_shop.wallet_path)) as wallet:
        async with any_shop.client(wallet) as client:
            for _ in range(2):
                await client.redeem(receipt, LINCOLN)
            async with asyncio.timeout(20):
                while rows(any_shop, STATE) != [(2, 0)]:  # noqa: ASYNC110  a file has no event
                    await asyncio.sleep(0.01)
            assert rows(any_shop, "SELECT 1 FROM leases") == []


@in_loop
async def test_a_wallet_that_is_closed_before_its_client_holds_no_series(
    any_shop: AnyShop, late: None
) -> None:
    """Whoever opens it next would take a series that was left for one that a crash broke off."""
    receipt = await asyncio.to_thread(buy, any_shop)
    wallet = Wallet.open(any_shop.wallet_path)
    async with any_shop.client(wallet) as client:
        for _ in range(3):
            await client.redeem(receipt, LINCOLN)
        wallet.close()
    assert rows(any_shop, STATE) == [(3, 0)]


@in_loop
async def test_a_receipt_that_is_idle_holds_no_series_while_another_is_used(
    any_shop: AnyShop, late: None
) -> None:
    """Its series would run out, and another process would go on with it beside this one."""
    idle, used = [await asyncio.to_thread(buy, any_shop, 5) for _ in range(2)]
    with closing(Wallet.open(any_shop.wallet_path)) as wallet:
        async with any_shop.client(wallet) as client:
            look = under_way.UnderWay.of(wallet)._tick
            for receipt in (idle, idle, used, used):
                await client.redeem(receipt, LINCOLN)
            look()
            for _ in range(2):
                await client.redeem(used, LINCOLN)
            look()
            assert rows(any_shop, "SELECT receipt_id FROM series") == [(used.id,)]


@in_loop
async def test_a_use_that_takes_its_time_is_noted_and_held_meanwhile(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = await asyncio.to_thread(buy, shop)
    found: list[tuple[object, ...]] = []

    def look(request: object) -> None:
        under_way.UnderWay.of(wallet).note()
        found.extend(rows(shop, "SELECT state, name = 'use ' || idempotency_key FROM uses, leases"))

    with closing(Wallet.open(shop.wallet_path)) as wallet:
        async with shop.client(wallet) as client:
            await client.first_cost()
        async with shop.client(wallet, before=look) as client:
            await client.redeem(receipt, LINCOLN)
    assert found[-1] == ("wanted", 1)
    assert rows(shop, "SELECT state FROM uses") == [("delivered",)]
    assert rows(shop, "SELECT * FROM leases") == []


@in_loop
async def test_on_a_full_disk_a_delivery_is_handed_over_and_nothing_more_is_asked_for(
    any_shop: AnyShop, late: None
) -> None:
    receipt: HeldReceipt = await asyncio.to_thread(buy, any_shop)
    with closing(Wallet.open(any_shop.wallet_path)) as wallet:
        async with any_shop.client(wallet) as client:
            await client.redeem(receipt, LINCOLN)
            with full_disk():
                second = await client.redeem(receipt, LINCOLN)
                with pytest.raises(WalletError):
                    under_way.UnderWay.of(wallet).note()
                for _ in range(2):
                    with pytest.raises(WalletError) as caught:
                        await client.redeem(receipt, LINCOLN)
                    assert caught.value.code == "wallet_unwritable"
            assert second.credits_remaining == 1
            third = await client.redeem(receipt, LINCOLN)
            assert (third.credits_remaining, third.redemption_id != second.redemption_id) == (0, True)
    assert len(rows(any_shop, "SELECT 1 FROM uses WHERE state = 'delivered'")) == 3
    assert await any_shop.uses() == 3


@in_loop
async def test_so_many_uses_at_most_are_unwritten(
    any_shop: AnyShop, late: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(under_way, "MOST_UNWRITTEN", 2)
    receipt = await asyncio.to_thread(buy, any_shop)
    with closing(Wallet.open(any_shop.wallet_path)) as wallet:
        async with any_shop.client(wallet) as client:
            found = [await client.redeem(receipt, LINCOLN) for _ in range(3)]
            assert len(rows(any_shop, "SELECT 1 FROM uses")) == 2
            assert len({use.redemption_id for use in found}) == 3


@in_loop
async def test_a_process_that_was_forked_from_a_buyer_asks_nothing_with_its_keys(
    any_shop: AnyShop, late: None
) -> None:
    receipt = await asyncio.to_thread(buy, any_shop)
    with closing(Wallet.open(any_shop.wallet_path)) as wallet:
        async with any_shop.client(wallet) as client:
            await client.redeem(receipt, LINCOLN)
            series = rows(any_shop, "SELECT secret FROM series")
            assert forked_asks(wallet, receipt, any_shop.now) == FORKED
            assert forked_writes(wallet) == FORKED
            assert rows(any_shop, "SELECT secret FROM series") == series != []


@pytest.mark.parametrize("noted", [True, False])
@in_loop
async def test_a_seller_that_gives_two_uses_one_redemption_is_told(
    shop: Shop, late: None, noted: bool
) -> None:
    receipt = await asyncio.to_thread(buy, shop)
    shop.seller.lies.redemption_id = "the-same"
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        async with shop.client(wallet) as client:
            await client.redeem(receipt, LINCOLN)
            if noted:
                under_way.UnderWay.of(wallet).note()
            with pytest.raises(SellerFault) as caught:
                await client.redeem(receipt, LINCOLN)
            assert caught.value.code == "redemption_repeated"
    assert rows(shop, "SELECT state FROM uses ORDER BY state") == [("delivered",), ("wanted",)]


@in_loop
async def test_a_seller_that_takes_more_than_was_asked_for_is_told_at_once(shop: Shop, late: None) -> None:
    receipt = await asyncio.to_thread(buy, shop)
    shop.seller.lies.counts = lambda honest: {
        **honest,
        "captured": 2 * honest["captured"],
        "available": honest["granted"] - 2 * honest["captured"],
    }
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        async with shop.client(wallet) as client:
            await client.redeem(receipt, LINCOLN)
            assert [one.code for one in client.broken_promises] == ["credits_overtaken"]


@in_loop
async def test_what_another_process_has_not_noted_yet_is_no_broken_promise(
    any_shop: AnyShop, late: None
) -> None:
    receipt = await asyncio.to_thread(buy, any_shop)
    with (
        closing(Wallet.open(any_shop.wallet_path)) as one,
        closing(Wallet.open(any_shop.wallet_path)) as other,
    ):
        async with any_shop.client(one) as client, any_shop.client(other) as beside:
            found = [await client.redeem(receipt, LINCOLN)]
            found += [await beside.redeem(receipt, LINCOLN), await client.redeem(receipt, LINCOLN)]
            assert len({use.redemption_id for use in found}) == 3
            await client.credits(receipt)
            assert (client.broken_promises, beside.broken_promises) == ((), ())
    assert await any_shop.uses() == 3
    assert rows(any_shop, "SELECT asked FROM receipts") == [(3,)]
