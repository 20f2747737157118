"""What a payment request must say before it is paid, whatever rail it is paid over.

Each rule stops one way of being made to pay something else than what was ordered. What an option must say is
for the payer of its rail to judge. Pure: no clock, no network, no wallet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from buyer.budget import Budget
from buyer.errors import SellerFault
from buyer.limits import SpendingLimits, SpentBefore, WantedSpending
from buyer.purchase.machine import SHORTEST_LIFE
from buyer.seller.catalog import CURRENCY, NAME
from shared.keys import PublicKey
from shared.money import Money
from shared.tokens import prt
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentOption, PaymentRequest

LONGEST_LIFE = 86_400
CLOCK_LEEWAY = 60


@dataclass(frozen=True, slots=True)
class Expected:
    """What was ordered, of whom, and what it may cost.

    `token` is what the catalog promises to burn, None for nothing. `price` is the catalog's; `first_price` what
    an earlier 402 of the same purchase asked. `limits` are the owner's: which options he allows.
    """

    origin: str
    seller: str
    keys: Sequence[PublicKey]
    product: str
    credits: int
    holder: str | None
    token: str | None
    price: Money
    first_price: Money | None
    budget: Budget
    limits: SpendingLimits


def check(token: str, expected: Expected, *, now: int) -> PaymentRequest:
    """The payment request in a 402's token.

    Errors: SellerFault for what an honest seller would not say, OverBudget.
    """
    try:
        request = prt.verify(token, expected.keys, issuer=expected.seller, now=now)
    except TokenError as error:
        raise SellerFault("payment_request_invalid", f"the payment request does not hold: {error}") from error
    check_names(request.id, request.options, request.price.currency)
    _check_order(request, expected)
    _check_life(request, now)
    _check_price(request.price, expected)
    return request


def check_receipt_service(option: PaymentOption, expected: Expected) -> None:
    """The receipt must come from this seller (its DID, or an address of its origin): SellerFault.

    One of another issuer could not be checked, and the money would be gone.
    """
    service = option.receipt_service
    if service not in {None, expected.seller, expected.origin} and not str(service).startswith(
        expected.origin + "/"
    ):
        raise SellerFault(
            "receipt_service_foreign", "the receipt would come from somebody else than the seller"
        )


def check_names(request_id: str, options: Sequence[PaymentOption], *more: str) -> None:
    """What is printed as data must not be prose: it would be read by whoever drives the buyer. `more` are currencies.

    Errors: SellerFault.
    """
    names = [request_id, *(option.id for option in options)]
    currencies = [*more, *(option.currency for option in options)]
    if not all(map(NAME.fullmatch, names)) or not all(map(CURRENCY.fullmatch, currencies)):
        raise SellerFault("payment_request_invalid", "the payment request names things as nobody names them")


def _check_order(request: PaymentRequest, expected: Expected) -> None:
    order = request.order
    if (order.product, order.credits) != (expected.product, expected.credits):
        raise SellerFault(
            "order_changed",
            f"ordered {expected.credits} credits, and the payment request is for something else",
            seller_says={"product": order.product, "credits": order.credits},
        )
    if order.holder != expected.holder:
        # Without our key in it, anybody who sees the receipt could use it up.
        raise SellerFault(
            "holder_changed", "the payment request binds the receipt to another key than this wallet's"
        )
    if order.token != expected.token:
        raise SellerFault(
            "token_changed", "the payment request promises to burn another token than the catalog does"
        )


def _check_life(request: PaymentRequest, now: int) -> None:
    if request.issued_at > now + CLOCK_LEEWAY:
        raise SellerFault(
            "not_yet_valid", "the payment request was issued in the future; is this clock right?"
        )
    if request.expires_at > now + LONGEST_LIFE:
        raise SellerFault("expiry_absurd", "the payment request would stay payable for longer than a day")
    if request.expires_at < now + SHORTEST_LIFE:
        raise SellerFault("expiry_too_soon", "the payment request expires before it could be paid")


def _check_price(price: Money, expected: Expected) -> None:
    first = expected.first_price
    if first is not None and (_unit(price) != _unit(first) or price > first):
        message = f"the seller asked {first} at first, and asks for more or for something else now"
        raise SellerFault("price_raised", message, seller_says={"price": str(price)})
    nothing = Money(0, price.currency, price.decimals)
    expected.limits.check(WantedSpending(expected.origin, price), SpentBefore(nothing, nothing, nothing))
    expected.budget.check(price, nothing)
    if price != expected.price:
        said = {"catalog": str(expected.price), "payment_request": str(price)}
        message = "the payment request asks another price than the catalog"
        raise SellerFault("price_not_listed", message, seller_says=said)


def _unit(money: Money) -> tuple[str, int]:
    return money.currency, money.decimals
