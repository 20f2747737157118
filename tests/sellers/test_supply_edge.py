"""Sales end where the tokens do: before anything is signed, and never after anything was paid."""

from typing import Any

from shared.cardano.read.transaction import parse
from tests.support.world import burns
from tests.support.world.loop import in_loop
from tests.support.world.seller import Seller, Selling


async def ask(seller: Seller, credits: int) -> Any:
    return await seller.http.post("/api/images/buy", json={"credits": credits})


def seconds_later(seller: Seller) -> None:
    """What was counted is too old to be believed."""
    assert seller.parts.coverage is not None
    seller.parts.coverage._counted_at = None


async def left(seller: Seller) -> int:
    return int((await seller.http.get("/api/catalog")).json()["credits_left"])


@in_loop
async def test_no_more_credits_are_sold_than_the_tokens_cover(selling: Selling) -> None:
    async with selling(supply=5) as seller:
        assert (await ask(seller, 6)).status_code == 503
        payer = seller.payer()
        receipt = await payer.receipt(4)
        refused = await ask(seller, 2)
        assert (refused.status_code, refused.json()["code"]) == (503, "supply_exhausted")
        assert (refused.json()["retryable"], refused.json()["credits_left"]) == (True, 1)
        assert int(refused.headers["Retry-After"]) > 0
        assert await left(seller) == 1
        assert (await ask(seller, 1)).status_code == 402
        used = await payer.generate(receipt)
        assert used.status_code == 200
        assert await left(seller) == 1, "a credit that was used is a token that is owed"
        await seller.burn()
        assert await burns.burned(seller) == 1
        assert (await ask(seller, 2)).status_code == 503


@in_loop
async def test_a_request_that_was_out_when_the_edge_came_is_not_submitted_and_is_honoured_where_it_was_paid(
    selling: Selling,
) -> None:
    async with selling(supply=5) as seller:
        payer, other = seller.payer(), seller.payer()
        first, second = await payer.buy(4), await other.buy(4)
        assert (await payer.pay(first)).status_code == 200
        raw = (await other.build(second)).raw
        refused = await seller.claim(other.claim(second, raw=raw))
        assert (refused.status_code, refused.json()["code"]) == (503, "supply_exhausted")
        assert await seller.parts.chain.inclusion(parse(raw).id) is None
        assert seller.devnet.submit(raw).status_code == 200
        seller.devnet.blocks()
        paid = await seller.claim(other.claim(second, raw=raw))
        assert paid.status_code == 200, "what was paid is never refused"
        seconds_later(seller)
        assert await left(seller) == 0
        shown = await seller.readiness()
        assert "nothing more can be sold" in str(shown)
        await burns.capture(seller, 8)
        await seller.burn()
        assert await burns.burned(seller) == 5


@in_loop
async def test_a_payment_under_way_counts_before_its_credits_are_there(selling: Selling) -> None:
    async with selling(supply=5, confirmations=3) as seller:
        payer = seller.payer()
        token = await payer.buy(4)
        claimed = await seller.claim(payer.claim(token, raw=(await payer.build(token)).raw))
        assert claimed.status_code == 202
        assert (await ask(seller, 2)).status_code == 503


@in_loop
async def test_tokens_that_are_minted_later_are_for_sale(selling: Selling) -> None:
    async with selling(supply=2) as seller:
        assert (await ask(seller, 3)).status_code == 503
        chain = seller.parts.chain
        await chain.submit((await seller.custody.sign_mint(chain, 10)).raw)
        seller.devnet.blocks()
        await seller.burning.step()
        seconds_later(seller)
        assert (await ask(seller, 3)).status_code == 402
