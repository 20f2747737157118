"""Every way in which a payment request could make a buyer pay for something else, or too much."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from buyer.budget import Budget
from buyer.errors import BuyerError, OverBudget, SellerFault
from buyer.limits import SpendingLimits
from buyer.seller import checks
from buyer.seller.checks import Expected
from shared.cardano.addresses import enterprise_address
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens import jws, prt
from shared.tokens.jws import TokenError
from shared.tokens.prt import Order, PaymentOption, PaymentRequest

NOW = 1_800_000_000
SELLER = SigningKey.from_seed(b"s" * 32)
STRANGER = SigningKey.from_seed(b"x" * 32)
BUYER = SigningKey.from_seed(b"b" * 32)
TOKEN = "a" * 56 + ".435245415445"
DEVNET = "cardano:devnet"
RECIPIENT = enterprise_address(SELLER.public, DEVNET)

OPTION = PaymentOption("cardano", 6_000_000, 6, "ADA", RECIPIENT, DEVNET)
REQUEST = PaymentRequest(
    id="request-1",
    issuer=SELLER.public.did,
    description="3 credits",
    issued_at=NOW,
    expires_at=NOW + 900,
    service_callback=None,
    price=Money(300, "USD", 2),
    order=Order("image-credit", 3, TOKEN, BUYER.public.did),
    options=(OPTION,),
)
EXPECTED = Expected(
    origin="https://seller.example",
    seller=SELLER.public.did,
    keys=[SELLER.public],
    product="image-credit",
    credits=3,
    holder=BUYER.public.did,
    token=TOKEN,
    price=Money(300, "USD", 2),
    first_price=None,
    budget=Budget(per_purchase="5.00 USD"),
    limits=SpendingLimits(),
)


def signed(request: PaymentRequest, key: SigningKey = SELLER) -> str:
    return jws.sign(prt.claims(request), key)


def order(**changes: Any) -> PaymentRequest:
    return replace(REQUEST, order=replace(REQUEST.order, **changes))


def refused(token: str, expected: Expected = EXPECTED, *, now: int = NOW) -> BuyerError:
    with pytest.raises(BuyerError) as caught:
        checks.check(token, expected, now=now)
    return caught.value


def test_an_honest_payment_request_is_payable() -> None:
    assert checks.check(signed(REQUEST), EXPECTED, now=NOW) == REQUEST


LIES: dict[str, tuple[PaymentRequest, str]] = {
    "another product": (order(product="video-credit"), "order_changed"),
    "fewer credits": (order(credits=2), "order_changed"),
    "more credits": (order(credits=4), "order_changed"),
    "no holder": (order(holder=None), "holder_changed"),
    "another holder": (order(holder=STRANGER.public.did), "holder_changed"),
    "another token to burn": (order(token="b" * 56 + ".00"), "token_changed"),
    "issued in the future": (replace(REQUEST, issued_at=NOW + 61), "payment_request_invalid"),
    "payable for ever": (replace(REQUEST, expires_at=NOW + 86_401), "expiry_absurd"),
    "almost expired": (replace(REQUEST, expires_at=NOW + 9), "expiry_too_soon"),
    "expired": (replace(REQUEST, expires_at=NOW), "payment_request_invalid"),
    "a price off the list": (replace(REQUEST, price=Money(301, "USD", 2)), "price_not_listed"),
    "a price below the list": (replace(REQUEST, price=Money(299, "USD", 2)), "price_not_listed"),
}


@pytest.mark.parametrize(("request_", "code"), LIES.values(), ids=LIES)
def test_a_lie_in_a_payment_request_is_the_sellers_fault(request_: PaymentRequest, code: str) -> None:
    error = refused(signed(request_))
    assert isinstance(error, SellerFault)
    assert error.code == code
    assert error.exit_code == 5


@pytest.mark.parametrize(
    "token",
    [
        signed(REQUEST, STRANGER),
        signed(replace(REQUEST, issuer=STRANGER.public.did), STRANGER),
        signed(replace(REQUEST, issuer=STRANGER.public.did)),
        signed(REQUEST)[:-4] + "AAAA",
        jws.sign(prt.claims(REQUEST), SELLER, typ="dpop+jwt", header={"jwk": SELLER.public.jwk}),
        "eyJhbGciOiJub25lIn0.e30.",
        "not a token",
    ],
    ids=["forged", "another seller's", "in another's name", "tampered", "wrong type", "alg none", "junk"],
)
def test_a_payment_request_that_the_seller_did_not_sign_is_refused(token: str) -> None:
    assert refused(token).code == "payment_request_invalid"


@pytest.mark.parametrize(
    ("request_", "budget", "code"),
    [
        (replace(REQUEST, price=Money(501, "USD", 2)), "5.00 USD", "over_budget"),
        (REQUEST, "2.99 USD", "over_budget"),
        (replace(REQUEST, price=Money(300, "EUR", 2)), "5.00 USD", "budget_currency"),
        (replace(REQUEST, price=Money(300, "USD", 0)), "5.00 USD", "budget_currency"),
    ],
    ids=[
        "price above the budget",
        "budget below the price",
        "another currency",
        "three hundred whole dollars",
    ],
)
def test_a_price_beyond_the_budget_is_refused_with_its_own_exit_code(
    request_: PaymentRequest, budget: str, code: str
) -> None:
    error = refused(signed(request_), replace(EXPECTED, budget=Budget(per_purchase=budget)))
    assert isinstance(error, OverBudget)
    assert (error.code, error.exit_code) == (code, 3)


def test_a_price_may_not_rise_between_two_402s_of_one_purchase() -> None:
    dearer = replace(EXPECTED, first_price=Money(299, "USD", 2))
    assert refused(signed(REQUEST), dearer).code == "price_raised"
    checks.check(signed(REQUEST), replace(EXPECTED, first_price=Money(300, "USD", 2)), now=NOW)


def test_a_price_may_not_change_its_unit_between_two_402s() -> None:
    assert (
        refused(signed(REQUEST), replace(EXPECTED, first_price=Money(300, "EUR", 2))).code == "price_raised"
    )


@pytest.mark.parametrize(
    "service", [STRANGER.public.did, "https://seller.example.evil/receipts", "https://seller.examplereceipts"]
)
def test_a_receipt_service_of_somebody_else_is_the_sellers_fault(service: str) -> None:
    with pytest.raises(SellerFault) as caught:
        checks.check_receipt_service(replace(OPTION, receipt_service=service), EXPECTED)
    assert caught.value.code == "receipt_service_foreign"


def test_a_receipt_service_of_the_seller_itself_is_fine() -> None:
    for service in (None, SELLER.public.did, "https://seller.example", "https://seller.example/receipts"):
        checks.check_receipt_service(replace(OPTION, receipt_service=service), EXPECTED)


def test_words_of_the_seller_cannot_drive_the_terminal() -> None:
    error = refused(signed(order(product="\x1b[31mfree\x07\u202e" + "x" * 5000)))
    assert not any(ord(character) < 32 for character in str(error))
    assert "\u202e" not in str(error)
    assert len(str(error)) < 600


@pytest.mark.parametrize("mangle", [lambda t: t + "==", lambda t: t + " ", lambda t: t.replace(".", "..", 1)])
def test_another_spelling_of_a_good_token_is_refused(mangle: Callable[[str], str]) -> None:
    with pytest.raises((SellerFault, TokenError)):
        checks.check(mangle(signed(REQUEST)), EXPECTED, now=NOW)
