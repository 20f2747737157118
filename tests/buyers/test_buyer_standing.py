"""Whether a receipt was revoked, as a buyer is told: by its issuer's signed list, or not at all."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response

from buyer.proof.receipt_standing import ReceiptStanding
from buyer.purchase.receipts import HeldReceipt
from buyer.wallet.file import Wallet
from shared.tokens import jws, status_list
from shared.tokens.status_list import ListedStatus, StatusList
from tests.conformance.attacks import ATTACKER
from tests.support.hostile.lies import Lies
from tests.support.hostile.shop import ORIGIN, Shop
from tests.support.processes.shell import Shell
from tests.support.world.buying import buy
from tests.support.world.real_shop import RealSeller, RealShop

PATH = "/api/status-lists/0"
PLACE = 12


def listing(url: str = ORIGIN + PATH) -> Lies:
    """A seller whose receipts have a place in that list."""
    return Lies(receipt=lambda honest: replace(honest, status=ListedStatus(url, PLACE)))


def standing(shop: Shop | RealShop, held: HeldReceipt) -> ReceiptStanding:
    async def ask() -> ReceiptStanding:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                return await client.standing(held)

    return asyncio.run(ask())


def test_a_receipt_is_good_until_its_list_says_that_it_was_revoked(shop: Shop) -> None:
    shop.seller.lies = listing()
    held = buy(shop)
    assert standing(shop, held).state == "good"
    shop.seller.revoked = [PLACE - 1, PLACE + 1]
    assert standing(shop, held).state == "good"
    shop.seller.revoked = [PLACE]
    assert standing(shop, held).state == "revoked"
    shop.pass_time(held.expires_at - shop.now())
    assert standing(shop, held).state == "revoked", "an expired one too"


def test_a_receipt_without_a_place_is_not_called_good(shop: Shop) -> None:
    assert standing(shop, buy(shop)).state == "unlisted"
    assert f"GET {PATH}" not in shop.seller.calls


def signed_by_another() -> Response:
    listed = StatusList(ORIGIN + PATH, ATTACKER.public.did, (), 1, 2**33)
    return JSONResponse(status_list.ack_document(listed, jws.sign(status_list.ack_claims(listed), ATTACKER)))


UNTOLD: dict[str, Callable[[], Response]] = {
    "it is not there": lambda: Response(status_code=404),
    "it is elsewhere": lambda: RedirectResponse("https://elsewhere.example/list"),
    "another signed it": signed_by_another,
    "it is no JSON": lambda: Response("good"),
    "it is too large": lambda: Response(b" " * 70_000),
    "it is an empty object": lambda: JSONResponse({}),
    "it has a proof of another kind": lambda: JSONResponse({"proof": {"type": "x", "jwt": "good"}}),
    "the seller fails": lambda: Response(status_code=500),
}


@pytest.mark.parametrize("answer", UNTOLD.values(), ids=UNTOLD)
def test_where_the_list_tells_nothing_nobody_can_tell(shop: Shop, answer: Callable[[], Response]) -> None:
    shop.seller.lies = listing()
    held = buy(shop)
    shop.seller.lies.instead[PATH] = answer
    found = standing(shop, held)
    assert (found.state, bool(found.why)) == ("unknown", True)


@pytest.mark.parametrize(
    "url",
    [
        f"http://seller.example{PATH}",
        f"https://127.0.0.1{PATH}",
        f"https://localhost:8443{PATH}",
        f"http://127.0.0.1:8402{PATH}",
        f"https://user@elsewhere.example{PATH}",
        f"{ORIGIN}.elsewhere.example{PATH}",
        "https://elsewhere.example:99999/",
        "https://[::1",
    ],
)
def test_a_list_at_an_address_that_no_seller_may_name_is_not_asked(shop: Shop, url: str) -> None:
    shop.seller.lies = listing(url)
    held = buy(shop)
    calls = len(shop.seller.calls)
    assert standing(shop, held).state == "unknown"
    assert not [call for call in shop.seller.calls[calls:] if "status" in call]


def test_a_list_of_other_receipts_says_nothing_of_this_one(shop: Shop) -> None:
    shop.seller.lies = listing(f"{ORIGIN}{PATH}?of=others")
    assert standing(shop, buy(shop)).state == "unknown"


@pytest.mark.usefixtures("hurry")
def test_the_receipts_of_a_real_seller_are_good_by_its_list(seller: RealSeller, tmp_path: Path) -> None:
    shop = RealShop.open(seller, tmp_path)
    assert standing(shop, buy(shop)).state == "good"


def test_the_command_says_it_of_each_receipt(filled: Shell) -> None:
    filled.seller.lies = listing(f"{filled.seller.origin}{PATH}")
    assert filled.run("buy", "--credits", "1").code == 0
    filled.seller.revoked = [PLACE]
    assert "status" not in filled.run("receipts", "--json").told["receipts"][0]
    assert filled.run("receipts", "--check", "--json").told["receipts"][0]["status"] == "revoked"
    assert "REVOKED" in filled.run("receipts", "--check").out
    filled.seller.lies.instead[PATH] = lambda: Response(status_code=404)
    told = filled.run("receipts", "--check", "--json").told["receipts"][0]
    assert (told["status"], "404" in told["status_why"]) == ("unknown", True)


def test_verify_says_it_of_the_receipt_that_was_used(filled: Shell) -> None:
    filled.seller.lies = listing(f"{filled.seller.origin}{PATH}")
    filled.seller.revoked = []
    made = filled.run("images", "--credits", "1", "--generate", "1", "--out", str(filled.folder), "--json")
    redemption_id = made.told["images"][0]["redemption_id"]
    assert filled.run("verify", redemption_id, "--json").told["receipt"] == {"status": "good"}
    filled.seller.revoked = [PLACE]
    assert "receipt: REVOKED" in filled.run("verify", redemption_id).out
