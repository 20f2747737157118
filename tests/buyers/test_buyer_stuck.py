"""A purchase that sticks after its payment: listed, shown to the seller again, released by its owner."""

import asyncio
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from buyer.errors import PaymentRefused, WalletError
from buyer.purchase import receipts
from buyer.wallet import copies
from buyer.wallet.file import Wallet
from shared.problem import Problem
from tests.support.hostile.lies import Lies
from tests.support.hostile.papers import LIFETIME
from tests.support.hostile.shop import Shop
from tests.support.processes.shell import Finished, Shell
from tests.support.world.buying import buy, spent, states

BUY = ("buy", "--credits", "3", "--json")
MISMATCH = Problem(402, "payment_mismatch", "Mismatch", "No.")


@pytest.fixture
def stuck(filled: Shell) -> Shell:
    """Paid, and the seller says no."""
    filled.seller.lies.refuse_claims = MISMATCH
    assert filled.run(*BUY).code == 4
    return filled


def listed(shell: Shell) -> list[dict[str, object]]:
    found = shell.run("purchases", "--json").told["purchases"]
    assert isinstance(found, list)
    return found


def release(shell: Shell, *more: str) -> Finished:
    return shell.run("purchases", "release", str(listed(shell)[0]["purchase_id"]), "--json", *more)


def test_it_is_listed_with_its_payment_and_price(stuck: Shell) -> None:
    (purchase,) = listed(stuck)
    assert (purchase["state"], purchase["price"], purchase["credits"]) == ("signed", "3.00 USD", 3)
    assert purchase["payment"] in stuck.seller.transactions
    assert purchase["counted_as_spent"] is True
    assert "signed, and no receipt yet" in stuck.run("purchases").out
    assert "eyJ" not in stuck.run("purchases", "--json").out


def test_it_is_shown_to_the_seller_again_and_nothing_more_is_paid(stuck: Shell) -> None:
    beginning = str(listed(stuck)[0]["purchase_id"])[:8]
    assert stuck.run("purchases", "claim", beginning, "--json").code == 4
    stuck.seller.lies = Lies()
    done = stuck.run("purchases", "claim", beginning, "--seller", "http://127.0.0.1:9", "--json")
    assert (done.code, done.told["credits"]["granted"]) == (0, 3), done.err
    assert len(stuck.seller.transactions) == 1
    assert listed(stuck) == []


def test_its_release_says_what_it_may_cost_and_wants_a_yes(stuck: Shell) -> None:
    unasked = release(stuck)
    assert (unasked.code, unasked.told["error"]["code"]) == (2, "not_confirmed")
    assert "may cost another 3.00 USD" in unasked.told["error"]["message"]
    assert listed(stuck)[0]["state"] == "signed"
    released = release(stuck, "--yes")
    assert (released.code, released.told["state"], released.told["counted_as_spent"]) == (0, "released", True)


def test_what_is_released_counts_as_spent_and_the_same_can_be_bought_anew(stuck: Shell) -> None:
    release(stuck, "--yes")
    stuck.seller.lies = Lies()
    assert stuck.run(*BUY).code == 0
    assert len(stuck.seller.transactions) == 2
    assert [purchase["state"] for purchase in listed(stuck)] == ["released"]


def test_what_is_released_is_told_by_the_history_and_held_against_the_owners_limits(stuck: Shell) -> None:
    limits = ("--per-day", "5.00", "--per-seller", "5.00", "--total", "5.00")
    assert stuck.secretly("--owner-fd", "the owner's own words", "budget", "set", *limits).code == 0
    release(stuck, "--yes")
    (past,) = stuck.run("history", "--json").told["purchases"]
    assert (past["state"], past["counted_as_spent"], past["receipt_id"]) == ("released", True, None)
    stuck.seller.lies = Lies()
    again = stuck.run(*BUY)
    assert (again.code, again.told["error"]["code"]) == (3, "over_seller_budget")
    assert stuck.run("budget", "show", "--json").told["spent"] == "3.00 USD"
    assert len(stuck.seller.transactions) == 1


def test_the_receipt_of_a_released_payment_may_come_after_all(stuck: Shell) -> None:
    release(stuck, "--yes")
    stuck.seller.lies = Lies()
    late = stuck.run("purchases", "claim", str(listed(stuck)[0]["purchase_id"]), "--json")
    assert (late.code, len(stuck.run("receipts", "--json").told["receipts"])) == (0, 1)
    assert len(stuck.seller.transactions) == 1
    assert listed(stuck) == []


def test_it_is_released_although_the_seller_is_gone_for_ever(stuck: Shell) -> None:
    with closing(Wallet.open(stuck.wallet)) as wallet:
        wallet.transact(lambda db: db.execute("UPDATE purchases SET origin = 'http://127.0.0.1:9'"))
    assert release(stuck, "--yes").told["state"] == "released"


def test_what_can_never_land_is_given_back_when_it_is_released(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = MISMATCH
    shop.environment["BUYER_CHAIN"] = shop.devnet.url
    with pytest.raises(Exception, match="refused"):
        buy(shop)
    assert _release(shop) == "released"
    assert (states(shop), spent(shop)) == (["paid"], 300)
    shop.pass_time(LIFETIME)
    assert _release(shop) == "abandoned"
    assert (states(shop), spent(shop)) == (["abandoned"], 0)


def test_what_only_the_sellers_own_chain_calls_dead_stays_spent(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = MISMATCH
    with pytest.raises(Exception, match="refused"):
        buy(shop)
    shop.pass_time(LIFETIME)
    assert _release(shop) == "released"
    with pytest.raises(PaymentRefused) as caught:
        _claim(shop)
    assert (caught.value.code, "stays counted as spent" in caught.value.hint) == ("payment_dead", True)
    assert (states(shop), spent(shop)) == (["abandoned"], 300)


def test_a_restored_copy_releases_nothing_before_it_has_looked(shop: Shop, tmp_path: Path) -> None:
    shop.seller.lies.refuse_claims = MISMATCH
    with pytest.raises(Exception, match="refused"):
        buy(shop)
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        copies.backup(wallet, tmp_path / "backup.db", now=shop.now())
    copy = replace(shop, wallet_path=tmp_path / "backup.db")
    with pytest.raises(WalletError) as caught:
        _release(copy)
    assert (caught.value.code, states(copy)) == ("wallet_copied", ["signed"])


def _claim(shop: Shop) -> None:
    async def once() -> None:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            (purchase_id,) = wallet.transact(lambda db: db.execute("SELECT id FROM purchases").fetchone())
            async with shop.client(wallet) as client:
                await client.claim(purchase_id)

    asyncio.run(once())


def _release(shop: Shop) -> str:
    async def once() -> str:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            (purchase_id,) = wallet.transact(lambda db: db.execute("SELECT id FROM purchases").fetchone())
            async with shop.client(wallet) as client:
                return (await client.release(purchase_id)).state

    return asyncio.run(once())


def test_a_finished_purchase_is_not_released_and_an_unknown_one_is_a_matter_of_usage(filled: Shell) -> None:
    filled.run(*BUY)
    with closing(Wallet.open(filled.wallet)) as wallet:
        (purchase_id,) = wallet.transact(lambda db: db.execute("SELECT id FROM purchases").fetchone())
    ended = filled.run("purchases", "release", purchase_id, "--yes", "--json")
    assert (ended.code, ended.told["error"]["code"]) == (2, "purchase_ended")
    unknown = filled.run("purchases", "claim", "nobody", "--json")
    assert (unknown.code, unknown.told["error"]["code"]) == (2, "purchase_unknown")


def test_a_receipt_that_came_before_is_refused_and_nothing_is_lost(filled: Shell) -> None:
    first = filled.run(*BUY).told["receipt_id"]
    filled.seller.lies.receipt = lambda honest: replace(honest, id=first)
    for _ in range(2):
        again = filled.run(*BUY)
        assert (again.code, again.told["error"]["code"]) == (5, "receipt_repeated"), again.err
        assert "Traceback" not in again.err
    assert len(filled.seller.transactions) == 2
    assert [purchase["state"] for purchase in listed(filled)] == ["signed"]
    filled.seller.lies = Lies()
    assert release(filled, "--yes").code == 0
    assert filled.run(*BUY).code == 0
    with closing(Wallet.open(filled.wallet)) as wallet:
        assert len(wallet.transact(receipts.every)) == 2


def test_images_that_can_never_be_finished_are_given_up_and_their_credits_stay(filled: Shell) -> None:
    filled.seller.lies.redemption_id = "the-same"
    for _ in range(2):
        assert filled.run("images", "--json").told["error"]["code"] == "redemption_repeated"
    (paid,) = listed(filled)
    assert (paid["state"], paid["counted_as_spent"]) == ("paid", True)
    assert release(filled, "--yes").code == 0
    assert listed(filled) == []
    filled.seller.lies = Lies()
    assert filled.run("images", "--json").code == 0
    assert len(filled.seller.transactions) == 2
    assert len(filled.run("receipts", "--json").told["receipts"]) == 2
