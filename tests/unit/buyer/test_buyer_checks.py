"""Every way in which a payment request could make a buyer pay for something else, or too much."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from buyer.budget import Budget
from buyer.errors import BuyerError, OverBudget, PaymentRefused, SellerFault, UsageError
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
DEVNET, PREPROD, MAINNET = "cardano:devnet", "cardano:preprod", "cardano:mainnet"
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
    network=DEVNET,
    price=Money(300, "USD", 2),
    first_price=None,
    ada_price=Money(50, "USD", 2),
    budget=Budget(per_purchase="5.00 USD"),
)


def signed(request: PaymentRequest, key: SigningKey = SELLER) -> str:
    return jws.sign(prt.claims(request), key)


def option(**changes: Any) -> PaymentRequest:
    return replace(REQUEST, options=(replace(OPTION, **changes),))


def order(**changes: Any) -> PaymentRequest:
    return replace(REQUEST, order=replace(REQUEST.order, **changes))


def refused(token: str, expected: Expected = EXPECTED, *, now: int = NOW) -> BuyerError:
    with pytest.raises(BuyerError) as caught:
        checks.check(token, expected, now=now)
    return caught.value


def test_an_honest_payment_request_is_payable() -> None:
    offer = checks.check(signed(REQUEST), EXPECTED, now=NOW)
    assert (offer.request, offer.option) == (REQUEST, OPTION)


def test_the_option_of_the_wallets_network_is_taken_wherever_it_stands() -> None:
    elsewhere = replace(OPTION, id="other", network=MAINNET)
    card = PaymentOption("card", 300, 2, "USD", "acct_1", None)
    offer = checks.check(signed(replace(REQUEST, options=(card, elsewhere, OPTION))), EXPECTED, now=NOW)
    assert offer.option == OPTION


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
    "decimals confused": (option(decimals=2), "unit_confused"),
    "decimals of ether": (option(decimals=18), "unit_confused"),
    "currency swapped": (option(currency="BTC"), "unit_confused"),
    "one lovelace too much": (option(amount=6_000_001), "amount_inflated"),
    "a huge amount": (option(amount=2**63 - 1), "amount_inflated"),
    "a recipient that is no address": (option(recipient="addr_test1vqqqq"), "recipient_invalid"),
    "a recipient on mainnet": (
        option(recipient=enterprise_address(SELLER.public, MAINNET)),
        "recipient_invalid",
    ),
    "a receipt service of somebody else": (
        option(receipt_service=STRANGER.public.did),
        "receipt_service_foreign",
    ),
    "a receipt service on a lookalike host": (
        option(receipt_service="https://seller.example.evil/receipts"),
        "receipt_service_foreign",
    ),
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


def test_a_seller_on_another_network_cannot_be_paid_from_this_wallet() -> None:
    error = refused(signed(option(network=MAINNET)))
    assert isinstance(error, PaymentRefused)
    assert (error.code, error.exit_code) == ("no_payable_option", 4)


@pytest.mark.parametrize(
    ("amount", "code"),
    [(6_000_000, None), (6_120_000, None), (6_120_001, "amount_inflated"), (5_000_000, None)],
    ids=["exact", "two percent more", "a lovelace beyond", "cheaper"],
)
def test_on_a_real_network_the_amount_is_held_against_the_buyers_own_rate(
    amount: int, code: str | None
) -> None:
    recipient = enterprise_address(SELLER.public, PREPROD)
    token = signed(option(amount=amount, network=PREPROD, recipient=recipient))
    expected = replace(EXPECTED, network=PREPROD)
    if code is None:
        assert checks.check(token, expected, now=NOW).option.amount == amount
    else:
        assert refused(token, expected).code == code


def test_a_receipt_service_of_the_seller_itself_is_fine() -> None:
    for service in (SELLER.public.did, "https://seller.example/receipts"):
        checks.check(signed(option(receipt_service=service)), EXPECTED, now=NOW)


def test_the_sellers_rate_is_believed_on_the_devnet_alone() -> None:
    theirs, ours = Money(1, "USD", 2), Money(50, "USD", 2)
    assert checks.ada_price(DEVNET, theirs, None) == theirs
    assert checks.ada_price(MAINNET, theirs, ours) == ours
    with pytest.raises(UsageError, match="not believed"):
        checks.ada_price(MAINNET, theirs, None)


def test_words_of_the_seller_cannot_drive_the_terminal() -> None:
    error = refused(signed(order(product="\x1b[31mfree\x07\u202e" + "x" * 5000)))
    assert not any(ord(character) < 32 for character in str(error))
    assert "\u202e" not in str(error)
    assert len(str(error)) < 600


@pytest.mark.parametrize("mangle", [lambda t: t + "==", lambda t: t + " ", lambda t: t.replace(".", "..", 1)])
def test_another_spelling_of_a_good_token_is_refused(mangle: Callable[[str], str]) -> None:
    with pytest.raises((SellerFault, TokenError)):
        checks.check(mangle(signed(REQUEST)), EXPECTED, now=NOW)
