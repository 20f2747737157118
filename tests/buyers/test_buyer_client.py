"""The client as a library: any product, any use, any payer."""

import asyncio
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response

from buyer.budget import Budget
from buyer.client import BuyerClient
from buyer.errors import BuyerError, PaymentRefused, SellerFault, SellerUnreachable, UsageError
from buyer.purchase.receipts import HeldReceipt
from buyer.wallet.file import Wallet
from shared.problem import Problem
from shared.tokens.prt import PaymentOption, PaymentRequest
from tests.support.hostile.shop import ORIGIN, Shop
from tests.support.hostile.transport import At, Overtaken
from tests.support.world.buying import buy
from tests.support.world.loop import in_loop
from tests.support.world.real_shop import AnyShop, RealSeller, RealShop
from tests.support.world.wallets.payers import PlainPayer

MISMATCH = Problem(402, "payment_mismatch", "Mismatch", "No.")
GENERATE = "/api/images/generate"
LINCOLN = {"name": "Abraham Lincoln"}
PLAIN = PaymentOption("plain", 300, 2, "USD", "them", "plain:net")


@in_loop
async def test_a_use_delivers_bytes_of_a_media_type_whatever_they_are(any_shop: AnyShop) -> None:
    receipt = await asyncio.to_thread(buy, any_shop)  # it has a loop of its own
    with closing(Wallet.open(any_shop.wallet_path)) as wallet:
        async with any_shop.client(wallet) as client:
            first = await client.redeem(receipt, LINCOLN)
            second = await client.redeem(receipt, LINCOLN, path=GENERATE)
    assert first.content.startswith(b"\x89PNG")
    assert first.media_type == "image/png"
    assert (first.credits_remaining, second.credits_remaining) == (2, 1)
    assert first.redemption_id != second.redemption_id


def test_a_use_whose_reply_was_lost_is_asked_for_again_and_costs_one_credit(any_shop: AnyShop) -> None:
    receipt = buy(any_shop)

    async def once() -> None:
        with closing(Wallet.open(any_shop.wallet_path)) as wallet:
            lost = At(1, httpx.ReadError("lost"), GENERATE, times=99)
            async with any_shop.client(wallet, after=lost) as client:
                with pytest.raises(SellerUnreachable):
                    await client.redeem(receipt, LINCOLN)
            async with any_shop.client(wallet) as client:
                assert (await client.redeem(receipt, LINCOLN)).credits_remaining == 2

    asyncio.run(once())
    assert asyncio.run(any_shop.uses()) == 1


def redeem_through(transport: httpx.AsyncBaseTransport, shop: RealShop, receipt: HeldReceipt) -> int:
    """The credits that are left after a use of LINCOLN over this transport."""

    async def once() -> int:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            client = BuyerClient(shop.seller.process.url, wallet=wallet, environment={}, transport=transport)
            async with client:
                return (await client.redeem(receipt, LINCOLN)).credits_remaining

    return asyncio.run(once())


@pytest.fixture
def real(seller: RealSeller, tmp_path: Path, hurry: None) -> RealShop:
    return RealShop.open(seller, tmp_path)


def test_a_use_that_a_proxy_sent_twice_is_answered_although_its_proof_holds_once(real: RealShop) -> None:
    receipt = buy(real)
    proxy = Overtaken(httpx.AsyncHTTPTransport(), times=2)
    assert redeem_through(proxy, real, receipt) == 2
    assert proxy.statuses == [200, 200]
    assert asyncio.run(real.uses()) == 1


def test_a_use_whose_proofs_are_all_refused_is_kept_and_its_credit_is_not_lost(real: RealShop) -> None:
    receipt = buy(real)
    with pytest.raises(PaymentRefused) as caught:
        redeem_through(Overtaken(httpx.AsyncHTTPTransport(), times=99), real, receipt)
    assert (caught.value.code, caught.value.exit_code) == ("proof_refused", 4)
    assert redeem_through(httpx.AsyncHTTPTransport(), real, receipt) == 2
    assert asyncio.run(real.uses()) == 1, "the same key is asked for, and gives what it gave"


def test_an_answer_that_names_no_redemption_is_the_sellers_fault(shop: Shop) -> None:
    receipt = buy(shop)
    shop.seller.lies.instead[GENERATE] = lambda: Response(b"\x89PNG")

    async def once() -> None:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                await client.redeem(receipt, LINCOLN)

    with pytest.raises(SellerFault) as caught:
        asyncio.run(once())
    assert caught.value.code == "delivery_malformed"


def test_a_product_that_is_not_offered_is_a_matter_of_usage(shop: Shop) -> None:
    async def once() -> None:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                await client.buy(3, product="video-credit")

    with pytest.raises(UsageError) as caught:
        asyncio.run(once())
    assert caught.value.code == "not_offered"


def offering_plain(request: PaymentRequest) -> PaymentRequest:
    return replace(request, options=(*request.options, PLAIN))


def buy_with(shop: Shop, payer: PlainPayer | None) -> None:
    async def once() -> None:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with BuyerClient(
                ORIGIN,
                wallet=wallet,
                budget=Budget("5.00 USD"),
                payers=[] if payer is None else [payer],
                environment={},
                now=shop.now,
                transport=httpx.ASGITransport(shop.seller.app),
            ) as client:
                assert (await client.buy(3)).granted == 3

    asyncio.run(once())


def plain_payer(shop: Shop) -> PlainPayer:
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        return PlainPayer(did=wallet.did, payload={"txHash": "ab" * 32})


def test_a_payer_from_outside_pays_before_the_wallets_own(shop: Shop) -> None:
    shop.seller.lies.request = offering_plain
    buy_with(shop, plain_payer(shop))
    assert shop.seller.transactions == {"ab" * 32}


def test_a_payer_from_outside_leaves_what_it_cannot_pay_to_the_wallets_own(shop: Shop) -> None:
    buy_with(shop, plain_payer(shop))
    assert shop.paid_on_chain() == 6_000_000


@pytest.mark.parametrize("network", ["cardano:preprod", "voucher:shop"])
def test_a_payer_from_outside_pays_a_seller_of_another_network(shop: Shop, network: str) -> None:
    shop.seller.lies.catalog = lambda catalog: {**catalog, "network": network}
    shop.seller.lies.request = lambda request: replace(request, options=(PLAIN,))
    buy_with(shop, plain_payer(shop))
    assert shop.seller.transactions == {"ab" * 32}


@pytest.mark.parametrize(
    ("network", "error", "code"),
    [("cardano:preprod", UsageError, "network_differs"), ("voucher:shop", SellerFault, "network_unknown")],
)
def test_without_a_payer_from_outside_a_seller_of_another_network_is_none_to_buy_from(
    shop: Shop, network: str, error: type[BuyerError], code: str
) -> None:
    shop.seller.lies.catalog = lambda catalog: {**catalog, "network": network}
    with pytest.raises(error) as caught:
        buy_with(shop, None)
    assert caught.value.code == code


def test_the_wallets_own_payer_pays_nothing_on_the_chain_of_another_network(shop: Shop) -> None:
    shop.seller.lies.catalog = lambda catalog: {**catalog, "network": "cardano:preprod"}
    with pytest.raises(PaymentRefused) as caught:
        buy_with(shop, plain_payer(shop))
    assert caught.value.code == "no_payable_option"


def test_a_signed_payment_whose_payer_is_not_given_any_more_is_claimed_and_never_given_up(
    shop: Shop,
) -> None:
    shop.seller.lies.request = offering_plain
    shop.seller.lies.refuse_claims = MISMATCH
    with pytest.raises(PaymentRefused):
        buy_with(shop, plain_payer(shop))
    shop.pass_time(100_000)
    with pytest.raises(PaymentRefused):
        buy_with(shop, None)
    shop.seller.lies.refuse_claims = None
    buy_with(shop, None)
    assert shop.seller.transactions == {"ab" * 32}
