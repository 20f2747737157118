"""Credits that go from one wallet to another, at a real seller: once, whatever is lost on the way."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from buyer.client import BuyerClient
from buyer.errors import BuyerError, PaymentRefused, SellerFault, SellerUnreachable, UsageError
from buyer.gifts.giving import GivenCredits
from buyer.purchase import receipts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import jobs
from buyer.seller.http import Reply
from buyer.wallet.file import Wallet
from shared.keys import SigningKey
from shared.tokens import jws
from tests.support.hostile.shop import nobody
from tests.support.hostile.transport import At
from tests.support.processes.shell import Finished
from tests.support.world.buying import buy, spent
from tests.support.world.real_shop import RealSeller, RealShop

TRANSFER = "/api/receipts/transfer"
T = TypeVar("T")
Work = Callable[[BuyerClient], Any]


@pytest.fixture
def shop(seller: RealSeller, tmp_path: Path, hurry: None) -> RealShop:
    return RealShop.open(seller, tmp_path)


@pytest.fixture
def friend(tmp_path: Path) -> Path:
    """A wallet that has paid nothing, and has nothing to pay with."""
    path = tmp_path / "friend" / "wallet.db"
    Wallet.create(path).close()
    return path


def did(path: Path) -> str:
    with closing(Wallet.open(path)) as wallet:
        return wallet.did


def at(shop: RealShop, path: Path, work: Work, after: Callable[[httpx.Request], None] = nobody) -> Any:
    """What `work` does with a client of that wallet, in a process of its own."""

    async def once() -> Any:
        with closing(Wallet.open(path)) as wallet:
            async with shop.client(wallet, after=after) as client:
                return await work(client)

    return asyncio.run(once())


def give(
    shop: RealShop,
    held: HeldReceipt,
    to: str,
    credits: int | None = None,
    after: Callable[[httpx.Request], None] = nobody,
) -> GivenCredits:
    found: GivenCredits = at(
        shop, shop.wallet_path, lambda client: client.give(held, to, credits=credits), after
    )
    return found


def receive(shop: RealShop, path: Path, token: str) -> HeldReceipt:
    found: HeldReceipt = at(shop, path, lambda client: client.receive(token))
    return found


def left(path: Path, held: HeldReceipt) -> int:
    """By the wallet's own books."""
    with closing(Wallet.open(path)) as wallet:
        return held.granted - wallet.transact(lambda db: jobs.cost(db, held.id))


def test_credits_go_to_another_wallet_and_are_used_and_verified_there(shop: RealShop, friend: Path) -> None:
    held = buy(shop, 5)
    given = give(shop, held, did(friend), 3)
    assert (given.credits, left(shop.wallet_path, held)) == (3, 2)
    received = receive(shop, friend, given.token)
    assert (received.id, received.granted, received.product) == (given.receipt_id, 3, held.product)
    assert receive(shop, friend, given.token) == received, "it is kept once"
    image = at(shop, friend, lambda client: client.generate(received, name="Abraham Lincoln"))
    counts = at(shop, friend, lambda client: client.credits(received))
    assert (counts.granted, counts.available, counts.captured) == (3, 2, 1)
    report = at(shop, friend, lambda client: client.verify(image.redemption_id, wait=60))
    assert report.outcome == "holds", report.checks
    assert at(shop, friend, lambda client: client.standing(received)).state == "good"
    counts = at(shop, shop.wallet_path, lambda client: client.credits(held))
    assert (counts.available, counts.moved) == (2, 3)


def test_a_gift_costs_the_receiver_nothing_and_is_in_no_budget(shop: RealShop, friend: Path) -> None:
    held = buy(shop, 5)
    receive(shop, friend, give(shop, held, did(friend), 3).token)
    with closing(Wallet.open(friend)) as wallet:
        rows = wallet.transact(
            lambda db: db.execute("SELECT state, cost_amount, payer FROM purchases").fetchall()
        )
    assert rows == [("paid", 0, "gift")]
    assert spent(shop) == 500


def test_what_was_received_is_given_on(shop: RealShop, friend: Path) -> None:
    held = buy(shop, 5)
    received = receive(shop, friend, give(shop, held, did(friend)).token)
    assert received.granted == 5
    back = at(shop, friend, lambda client: client.give(received, did(shop.wallet_path), credits=2))
    returned = receive(shop, shop.wallet_path, back.token)
    assert returned.granted == 2
    assert left(friend, received) == 3


@pytest.mark.parametrize("credits", [2, None])
def test_a_gift_whose_answer_was_lost_is_finished_by_the_same_command(
    shop: RealShop, friend: Path, credits: int | None
) -> None:
    held = buy(shop, 5)
    lost = At(1, httpx.ReadError("lost"), TRANSFER, times=99)
    with pytest.raises(SellerUnreachable):
        give(shop, held, did(friend), credits, lost)
    with pytest.raises(UsageError) as caught:
        give(shop, held, did(friend), 1)
    assert caught.value.code == "gift_unanswered"
    given = give(shop, held, did(friend), credits)
    wanted = credits or 5
    assert (given.credits, left(shop.wallet_path, held)) == (wanted, 5 - wanted)
    counts = at(shop, shop.wallet_path, lambda client: client.credits(held))
    assert counts.moved == wanted
    assert at(shop, shop.wallet_path, lambda client: _promises(client, held)) == ()


async def _promises(client: BuyerClient, held: HeldReceipt) -> Any:
    await client.credits(held)
    return client.broken_promises


def test_what_the_seller_refuses_is_not_counted_as_given(shop: RealShop, friend: Path) -> None:
    held = buy(shop, 5)
    with pytest.raises(PaymentRefused) as caught:
        give(shop, held, did(friend), 6)
    assert caught.value.seller_says["code"] == "gift_too_much"
    assert left(shop.wallet_path, held) == 5
    assert give(shop, held, did(friend), 1).credits == 1


@pytest.mark.parametrize("to", ["", "friend", "did:web:friend.example", "did:key:z6Mk"])
def test_a_receiver_is_named_by_a_key(shop: RealShop, to: str) -> None:
    held = buy(shop, 1)
    with pytest.raises(UsageError):
        give(shop, held, to, 1)


def test_a_wallet_keeps_only_what_is_its_own_and_the_sellers(
    shop: RealShop, friend: Path, tmp_path: Path
) -> None:
    held = buy(shop, 5)
    given = give(shop, held, did(friend), 3)
    forged = jws.sign(jws.read(given.token).payload, SigningKey.generate())
    with pytest.raises(UsageError) as caught:
        receive(shop, shop.wallet_path, given.token)
    assert caught.value.code == "receipt_foreign"
    for token in (forged, "junk", "", "a.b.c", given.token + "x"):
        with pytest.raises(UsageError) as caught:
            receive(shop, friend, token)
        assert caught.value.code == "receipt_invalid"
    with closing(Wallet.open(friend)) as wallet:
        assert wallet.transact(receipts.every) == []


@pytest.mark.parametrize("changes", [{"credits": 5}, {"receipt": 1}, {"receipt": "junk"}, {"receipt": None}])
def test_an_answer_that_is_about_something_else_is_not_taken_for_the_gift(
    shop: RealShop, friend: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    held = buy(shop, 5)
    honest = Reply.json
    with monkeypatch.context() as lying:
        lying.setattr(
            Reply,
            "json",
            lambda self: {**honest(self), **changes} if b"gift_id" in self.body else honest(self),
        )
        with pytest.raises(SellerFault):
            give(shop, held, did(friend), 2)
    assert give(shop, held, did(friend), 2).credits == 2
    assert left(shop.wallet_path, held) == 3


def test_the_commands_hand_a_receipt_from_wallet_to_wallet(
    shop: RealShop, friend: Path, tmp_path: Path
) -> None:
    held = buy(shop, 3)
    done = command(shop, shop.wallet_path, "give", held.id, "--to", did(friend), "--credits", "2")
    assert done.code == 0, done.err
    token = done.out.strip()
    assert jws.read(token).payload["jti"] in done.err
    file = tmp_path / "receipt.txt"
    file.write_text(done.out)
    added = command(shop, friend, "receipts", "add", str(file), "--json")
    assert added.code == 0, added.err
    assert added.told["receipts"][0]["granted"] == 2
    assert token not in command(shop, friend, "receipts").out
    file.write_text("x" * 9000)
    assert command(shop, friend, "receipts", "add", str(file)).code == 2


def command(shop: RealShop, path: Path, *arguments: str) -> Finished:
    done = subprocess.run(
        [sys.executable, "-m", "buyer", *arguments],
        env={**os.environ, "BUYER_WALLET": str(path), "BUYER_SELLER": shop.seller.process.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def test_an_error_of_the_seller_is_told(shop: RealShop, friend: Path) -> None:
    held = buy(shop, 1)
    give(shop, held, did(friend))
    with pytest.raises(BuyerError) as caught:
        give(shop, held, did(friend))
    assert caught.value.code == "credits_invalid"
