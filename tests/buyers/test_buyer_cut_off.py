"""A buyer's process that is killed in the middle of using a receipt: no credit is taken twice, and none is lost."""

import asyncio
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from buyer.budget import Budget
from buyer.cli.imaging import ImageJobs, ImageOrder
from buyer.purchase import receipts
from buyer.redemptions import series
from buyer.redemptions.redeem import REPEATED, DeliveredUse
from buyer.wallet import copies
from buyer.wallet.file import Wallet
from tests.support.processes.cut_off_buyer import finish, start
from tests.support.world.buying import buy
from tests.support.world.real_shop import RealSeller, RealShop

LINCOLN, MONROE = "Abraham Lincoln", "James Monroe"
DEAR = Budget(per_purchase="100 USD")


@pytest.fixture
def shop(seller: RealSeller, tmp_path: Path, hurry: None) -> RealShop:
    """With a receipt of 6 credits."""
    tmp_path.chmod(0o700)
    opened = RealShop.open(seller, tmp_path)
    buy(opened, 6, budget=DEAR)
    return opened


def cut_off(shop: RealShop, point: str, *names: str, copy: Path | None = None) -> list[str]:
    """What a process of its own tells, before it is killed there."""
    url = shop.seller.process.url
    return finish(start(shop.wallet_path, url, *names, point=point, copy=copy), killed=True)


def ask(shop: RealShop, *names: str) -> list[DeliveredUse]:
    """One after the other, as the next process would."""

    async def once() -> list[DeliveredUse]:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                receipt = wallet.transact(receipts.every)[0]
                return [await client.redeem(receipt, {"name": name}) for name in names]

    return asyncio.run(once())


def by_command(shop: RealShop, name: str, folder: Path) -> tuple[str, list[str]]:
    """The redemption that `buyer generate` ends with, and what it says meanwhile."""
    said: list[str] = []

    async def once() -> str:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                receipt = client.receipts()[0]
                order = ImageOrder(1, 1, folder, ({"name": name},))
                done = await ImageJobs(client, wallet, shop.now, said.append).use(receipt, order, wait=10)
                return done.images[0].redemption_id

    return asyncio.run(once()), said


def used(shop: RealShop) -> int:
    return asyncio.run(shop.uses())


@pytest.mark.parametrize("point", ["arrived", "noted", "answered"])
def test_who_is_killed_behind_a_use_gets_it_by_the_same_words_and_pays_once(
    shop: RealShop, point: str
) -> None:
    told = cut_off(shop, point, LINCOLN)
    assert used(shop) == 1
    first, second = ask(shop, LINCOLN, LINCOLN)
    assert (first.repeated, second.repeated) == (True, False)
    assert told in ([], [first.redemption_id])
    assert first.redemption_id != second.redemption_id
    assert used(shop) == 2


def test_who_is_killed_before_a_request_goes_out_has_paid_nothing(shop: RealShop) -> None:
    cut_off(shop, "unsent", LINCOLN)
    assert used(shop) == 0
    assert [one.repeated for one in ask(shop, LINCOLN, LINCOLN)] == [False, False]
    assert used(shop) == 2


def test_all_that_were_lost_side_by_side_come_by_the_same_words_and_then_a_new_one(shop: RealShop) -> None:
    told = cut_off(shop, "answered", LINCOLN, LINCOLN, LINCOLN)
    assert (len(set(told)), used(shop)) == (3, 3)
    found = ask(shop, *[LINCOLN] * 4)
    assert [one.repeated for one in found] == [True, True, True, False]
    assert {one.redemption_id for one in found[:3]} == set(told)
    assert used(shop) == 4


def test_what_was_lost_waits_while_other_words_are_asked_and_other_processes_die(shop: RealShop) -> None:
    (lost,) = cut_off(shop, "answered", LINCOLN)
    (also,) = cut_off(shop, "answered", MONROE)
    assert ask(shop, "Zachary Taylor")[0].repeated is False
    (other, one) = ask(shop, MONROE, LINCOLN)
    assert (one.redemption_id, other.redemption_id) == (lost, also)
    assert used(shop) == 3


def test_the_same_words_that_two_processes_lost_are_both_found(shop: RealShop) -> None:
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        held = wallet.transact(receipts.every)[0]
        # As if the first had died after the second had begun: it takes up nothing.
        wallet.transact(lambda db: series.take(db, held.id, "elsewhere:1:1", now=shop.now()))
    (first,) = cut_off(shop, "answered", LINCOLN)
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        hide = "UPDATE series SET owner = 'elsewhere:1:1', until = ?"
        wallet.transact(lambda db: db.execute(hide, (shop.now() + 1000,)))
    (second,) = cut_off(shop, "answered", LINCOLN)
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        wallet.transact(lambda db: db.execute("UPDATE series SET until = 0"))
    found = ask(shop, *[LINCOLN] * 5)
    assert {one.redemption_id for one in found if one.repeated} == {first, second}
    assert len({one.redemption_id for one in found}) == 5


def test_two_who_are_killed_at_the_same_time_lose_nothing_of_either(shop: RealShop) -> None:
    """Both use one receipt: the second writes down what it asks for, so that there is one series to go on with."""
    url = shop.seller.process.url
    with start(shop.wallet_path, url, LINCOLN, point="waiting") as first:
        assert first.stdout is not None
        one = json.loads(first.stdout.readline())["redemption_id"]
        (other,) = cut_off(shop, "answered", MONROE)
        first.kill()
    assert used(shop) == 2
    found = ask(shop, LINCOLN, MONROE)
    assert [(use.redemption_id, use.repeated) for use in found] == [(one, True), (other, True)]
    assert used(shop) == 2


def test_one_that_never_arrived_hides_nothing_of_those_beside_it(shop: RealShop) -> None:
    told = cut_off(shop, "first unsent", *[LINCOLN] * 4)
    assert (len(told), used(shop)) == (3, 3)
    found = ask(shop, *[LINCOLN] * 4)
    assert {one.redemption_id for one in found if one.repeated} == set(told)
    assert used(shop) == 4


def test_the_command_finds_what_a_killed_program_had_asked_for(shop: RealShop, tmp_path: Path) -> None:
    (lost,) = cut_off(shop, "answered", LINCOLN)
    (first, told), (second, _), (third, _) = (
        by_command(shop, name, tmp_path) for name in (LINCOLN, LINCOLN, MONROE)
    )
    assert (first, used(shop)) == (lost, 3)
    assert len({first, second, third}) == 3
    assert REPEATED in told


def test_no_seller_is_accused_of_what_a_killed_process_had_asked_for(shop: RealShop) -> None:
    cut_off(shop, "answered", LINCOLN, LINCOLN)

    async def once() -> None:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                receipt = wallet.transact(receipts.every)[0]
                assert (await client.redeem(receipt, {"name": MONROE})).repeated is False
                assert (await client.credits(receipt)).captured == 3
                assert client.broken_promises == ()

    asyncio.run(once())
    assert any("the seller counts 2 credits" in line for line in shop.said)


def test_two_processes_at_one_wallet_get_a_delivery_for_each_credit(
    seller: RealSeller, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    shop = RealShop.open(seller, tmp_path)
    buy(shop, 40, budget=DEAR)
    both = [start(shop.wallet_path, seller.process.url, *[LINCOLN] * 12) for _ in range(2)]
    told = [redemption_id for process in both for redemption_id in finish(process)]
    assert (len(set(told)), used(shop)) == (24, 24)
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        rows = wallet.transact(lambda db: db.execute("SELECT redemption_id FROM uses").fetchall())
        assert {row[0] for row in rows} == set(told)
        assert wallet.transact(lambda db: db.execute("SELECT * FROM series").fetchall()) == []
        assert wallet.transact(lambda db: db.execute("SELECT asked FROM receipts").fetchall()) == [(24,)]


def test_a_program_that_closes_nothing_has_ended_and_was_not_cut_off(shop: RealShop) -> None:
    told = finish(start(shop.wallet_path, shop.seller.process.url, LINCOLN))
    (next_one,) = ask(shop, LINCOLN)
    assert (next_one.repeated, next_one.redemption_id in told) == (False, False)


def test_a_copy_that_was_made_by_hand_repeats_what_was_not_noted_and_says_so(
    shop: RealShop, tmp_path: Path
) -> None:
    (noted,) = ask(shop, MONROE)
    copy = replace(shop, wallet_path=tmp_path / "copy.db")
    (lost,) = cut_off(shop, "answered", LINCOLN, copy=copy.wallet_path)
    found = ask(copy, LINCOLN, LINCOLN, MONROE)
    assert [one.repeated for one in found] == [True, False, False]
    assert found[0].redemption_id == lost
    assert noted.redemption_id not in {one.redemption_id for one in found}
    assert any("its answer was lost" in line for line in copy.said)


def test_a_backup_repeats_nothing_that_its_wallet_asked(shop: RealShop, tmp_path: Path) -> None:
    cut_off(shop, "answered", LINCOLN)
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        copies.backup(wallet, tmp_path / "backup.db", now=shop.now())
    copies.restore(tmp_path / "backup.db", tmp_path / "restored.db")
    (fresh,) = ask(replace(shop, wallet_path=tmp_path / "restored.db"), LINCOLN)
    (lost,) = ask(shop, LINCOLN)
    assert (fresh.repeated, lost.repeated) == (False, True)
    assert used(shop) == 2
