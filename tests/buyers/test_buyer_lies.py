"""A seller that lies, at every step of a purchase and of a use: the wallet loses nothing that it need not."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response

from buyer.errors import BuyerError, PaymentRefused, SellerFault, SellerUnreachable, UsageError
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions.images import GeneratedImage
from buyer.seller import http as http_module
from buyer.wallet.file import Wallet
from shared.keys import SigningKey
from shared.money import Money
from tests.support.hostile.books import Use
from tests.support.hostile.lies import Lies, with_option, with_order
from tests.support.hostile.shop import Shop

STRANGER = SigningKey.generate()


def buy(shop: Shop) -> HeldReceipt:
    async def once() -> HeldReceipt:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                return await client.buy(3)

    return asyncio.run(once())


def generate(shop: Shop, receipt: HeldReceipt) -> GeneratedImage:
    async def once() -> GeneratedImage:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                return await client.generate(receipt, name="Abraham Lincoln")

    return asyncio.run(once())


def huge() -> Response:
    return Response(b"x" * 100_000, 402, media_type="application/jwt")


def redirect() -> Response:
    return RedirectResponse("https://evil.example/", 307)


def lie(**changes: Any) -> Callable[[Lies], None]:
    def tell(lies: Lies) -> None:
        for name, value in changes.items():
            setattr(lies, name, value)

    return tell


BEFORE_PAYING: dict[str, tuple[Callable[[Lies], None], str]] = {
    "forged by a stranger": (lie(request_signer=STRANGER), "payment_request_invalid"),
    "in a stranger's name": (
        lie(request=lambda r: replace(r, issuer=STRANGER.public.did), request_signer=STRANGER),
        "payment_request_invalid",
    ),
    "price off the list": (lie(request=lambda r: replace(r, price=Money(299, "USD", 2))), "price_not_listed"),
    "amount inflated": (lie(request=lambda r: with_option(r, amount=6_000_001)), "amount_inflated"),
    "decimals confused": (lie(request=lambda r: with_option(r, decimals=0)), "unit_confused"),
    "recipient on mainnet": (
        lie(
            request=lambda r: with_option(
                r, recipient="addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8"
            )
        ),
        "recipient_invalid",
    ),
    "holder left out": (lie(request=lambda r: with_order(r, holder=None)), "holder_changed"),
    "fewer credits": (lie(request=lambda r: with_order(r, credits=1)), "order_changed"),
    "another token": (lie(request=lambda r: with_order(r, token="b" * 56 + ".00")), "token_changed"),
    "order redirected": (lie(instead={"/api/images/buy": redirect}), "redirected"),
    "catalog redirected": (lie(instead={"/api/catalog": redirect}), "redirected"),
    "huge challenge": (lie(instead={"/api/images/buy": huge}), "answer_too_large"),
    "free of charge": (lie(instead={"/api/images/buy": lambda: JSONResponse({})}), "no_payment_request"),
    "a challenge without a token": (
        lie(instead={"/api/images/buy": lambda: JSONResponse({}, 402)}),
        "payment_request_invalid",
    ),
    "a catalog that is none": (lie(instead={"/api/catalog": lambda: JSONResponse([])}), "answer_malformed"),
    "a devnet elsewhere": (
        lie(catalog=lambda c: {**c, "chain": {"blockfrost": "http://10.0.0.1/api/v0"}}),
        "devnet_elsewhere",
    ),
    "a lookalike's identity": (
        lie(catalog=lambda c: {**c, "seller": "did:web:evil.example"}),
        "identity_foreign",
    ),
}


@pytest.mark.parametrize(("tell", "code"), BEFORE_PAYING.values(), ids=BEFORE_PAYING)
def test_a_lie_before_paying_costs_nothing(shop: Shop, tell: Callable[[Lies], None], code: str) -> None:
    tell(shop.seller.lies)
    with pytest.raises(SellerFault) as caught:
        buy(shop)
    assert (caught.value.code, caught.value.exit_code) == (code, 5)
    assert shop.seller.transactions == set()
    shop.seller.lies = Lies()
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        wallet.transact(lambda db: db.execute("DELETE FROM sellers"))
    assert buy(shop).granted == 3


def test_an_identity_that_changes_after_the_first_meeting_is_refused(shop: Shop) -> None:
    buy(shop)
    shop.seller.key = STRANGER
    shop.seller.did = STRANGER.public.did
    with pytest.raises(SellerFault) as caught:
        buy(shop)
    assert caught.value.code == "identity_changed"
    assert len(shop.seller.transactions) == 1


def test_a_seller_of_another_network_is_a_matter_of_usage(shop: Shop) -> None:
    shop.seller.lies.catalog = lambda c: {**c, "network": "cardano:preprod"}
    with pytest.raises(UsageError) as caught:
        buy(shop)
    assert caught.value.exit_code == 2


def test_a_payment_request_that_comes_twice_is_paid_once(shop: Shop) -> None:
    buy(shop)
    repeated = next(iter(shop.seller.sales.values())).request.id
    shop.seller.lies.request = lambda r: replace(r, id=repeated)
    with pytest.raises(SellerFault) as caught:
        buy(shop)
    assert caught.value.code == "request_repeated"
    assert shop.paid_on_chain() == 6_000_000


RECEIPT_LIES: dict[str, tuple[Callable[[Lies], None], str]] = {
    "forged": (lie(receipt_signer=STRANGER), "receipt_invalid"),
    "another issuer": (lie(receipt=lambda r: replace(r, issuer=STRANGER.public.did)), "receipt_invalid"),
    "expired": (lie(receipt=lambda r: replace(r, expires_at=r.issued_at - 1)), "receipt_invalid"),
    "for another payer": (lie(receipt=lambda r: replace(r, payer=STRANGER.public.did)), "receipt_foreign"),
    "bound to another": (
        lie(receipt=lambda r: replace(r, holder_thumbprint=STRANGER.public.thumbprint)),
        "receipt_foreign",
    ),
    "bound to nobody": (lie(receipt=lambda r: replace(r, holder_thumbprint=None)), "receipt_foreign"),
    "for another payment": (
        lie(receipt=lambda r: replace(r, payment_request_token="a.b.c")),
        "receipt_foreign",
    ),
    "for another option": (lie(receipt=lambda r: replace(r, payment_option_id="card")), "receipt_foreign"),
    "left out": (lie(instead={"/api/payments": lambda: JSONResponse({"credits": {}})}), "receipt_missing"),
    "not text": (lie(instead={"/api/payments": lambda: JSONResponse({"receipt": {}})}), "receipt_missing"),
    "redirected": (lie(instead={"/api/payments": redirect}), "redirected"),
}


@pytest.mark.parametrize(("tell", "code"), RECEIPT_LIES.values(), ids=RECEIPT_LIES)
def test_a_receipt_that_does_not_hold_is_not_taken_and_not_paid_for_again(
    shop: Shop, tell: Callable[[Lies], None], code: str
) -> None:
    tell(shop.seller.lies)
    for _ in range(2):
        with pytest.raises(SellerFault) as caught:
            buy(shop)
        assert caught.value.code == code
    assert len(shop.seller.transactions) == 1
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        assert wallet.transact(lambda db: db.execute("SELECT count(*) FROM receipts").fetchone()) == (0,)


IMAGE_LIES: dict[str, tuple[Callable[[Lies], None], str]] = {
    "no image": (lie(image=b"<script>alert(1)</script>"), "not_an_image"),
    "redirected": (lie(instead={"/api/images/generate": redirect}), "redirected"),
    "elsewhere": (
        lie(instead={"/api/images/generate": lambda: JSONResponse(delivery("https://evil.example/1.png"))}),
        "image_elsewhere",
    ),
    "other bytes": (
        lie(instead={"/api/images/generate": lambda: JSONResponse(delivery("/api/images/1"))}),
        "image_changed",
    ),
    "nonsense": (lie(instead={"/api/images/generate": lambda: JSONResponse({})}), "image_malformed"),
    "nothing": (lie(instead={"/api/images/generate": lambda: JSONResponse({}, 204)}), "delivery_malformed"),
}


def delivery(url: str) -> dict[str, Any]:
    image = {"url": url, "media_type": "image/png", "sha256": "00" * 32}
    return {"redemption_id": "1", "credits_remaining": 2, "subject": "x", "image": image}


@pytest.mark.parametrize(("tell", "code"), IMAGE_LIES.values(), ids=IMAGE_LIES)
def test_an_image_that_is_not_what_was_paid_for_is_refused(
    shop: Shop, tell: Callable[[Lies], None], code: str
) -> None:
    receipt = buy(shop)
    tell(shop.seller.lies)
    if code == "image_changed":
        shop.seller.lies.instead["/api/images/1"] = lambda: Response(b"\x89PNG\r\n\x1a\nother")
        shop.seller.uses["1"] = Use("", "1", b"", "", b"", b"")
    with pytest.raises(SellerFault) as caught:
        generate(shop, receipt)
    assert caught.value.code == code


def test_one_redemption_id_for_two_images_is_refused(shop: Shop) -> None:
    receipt = buy(shop)
    shop.seller.lies.redemption_id = "the-same"
    generate(shop, receipt)
    with pytest.raises(SellerFault) as caught:
        generate(shop, receipt)
    assert caught.value.code == "redemption_repeated"


def test_more_images_than_credits_are_refused_without_a_fresh_payment(shop: Shop) -> None:
    receipt = buy(shop)
    for _ in range(3):
        generate(shop, receipt)
    with pytest.raises(PaymentRefused) as caught:
        generate(shop, receipt)
    assert (caught.value.code, caught.value.exit_code) == ("credits_exhausted", 4)
    assert len(shop.seller.transactions) == 1


def test_a_seller_that_is_down_is_asked_a_few_times_and_no_more(shop: Shop) -> None:
    shop.seller.lies.instead["/api/catalog"] = lambda: JSONResponse({}, 503)
    with pytest.raises(SellerUnreachable):
        buy(shop)
    assert shop.seller.calls == ["GET /api/catalog"] * http_module.ATTEMPTS


def test_nothing_that_is_said_holds_a_token_or_a_key(shop: Shop) -> None:
    receipt = buy(shop)
    generate(shop, receipt)
    shop.seller.lies.receipt_signer = STRANGER
    with pytest.raises(BuyerError) as caught:
        buy(shop)
    said = "\n".join([*shop.said, str(caught.value), caught.value.hint])
    assert receipt.token.rpartition(".")[2] not in said
    assert "eyJ" not in said
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        assert wallet.key.seed.hex() not in said
