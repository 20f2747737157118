"""What a payment request must say before it is paid. Pure: no clock, no network, no wallet.

Each rule stops one way of being made to pay something else than what was ordered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from buyer.budget import Budget
from buyer.errors import PaymentRefused, SellerFault, UsageError, clean
from shared.cardano.addresses import InvalidAddressError, check_address
from shared.cardano.assets import Asset, InvalidAssetError
from shared.keys import PublicKey
from shared.money import Money, MoneyError, convert
from shared.tokens import prt
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentOption, PaymentRequest

DEVNET = "cardano:devnet"
LONGEST_LIFE = 86_400
SHORTEST_LIFE = 10
CLOCK_LEEWAY = 60
RATE_TOLERANCE_PERCENT = 2


@dataclass(frozen=True, slots=True)
class Expected:
    """What was ordered, of whom, and what it may cost.

    `price` is the catalog's; `first_price` what an earlier 402 of the same purchase asked. `ada_price` is the
    price of one ADA that amounts are judged by: the catalog's on the devnet, the buyer's own elsewhere.
    """

    origin: str
    seller: str
    keys: Sequence[PublicKey]
    product: str
    credits: int
    holder: str
    token: str
    network: str
    price: Money
    first_price: Money | None
    ada_price: Money
    budget: Budget


@dataclass(frozen=True, slots=True)
class AcceptedOffer:
    """A payment request that may be paid, and by which option."""

    token: str
    request: PaymentRequest
    option: PaymentOption


def check(token: str, expected: Expected, *, now: int) -> AcceptedOffer:
    """The offer in a 402's token.

    Errors: SellerFault for what an honest seller would not say, OverBudget, PaymentRefused
    `no_payable_option` when there is no way of paying that this wallet has.
    """
    try:
        request = prt.verify(token, expected.keys, issuer=expected.seller, now=now)
    except TokenError as error:
        raise SellerFault(
            "payment_request_invalid", f"the payment request does not hold: {clean(error)}"
        ) from error
    _check_order(request, expected)
    _check_life(request, now)
    _check_price(request.price, expected)
    option = _payable(request, expected)
    _check_option(option, request, expected)
    return AcceptedOffer(token, request, option)


def ada_price(network: str, catalog_rate: Money | None, own_rate: Money | None) -> Money:
    """The price of one ADA to judge amounts by. A seller's rate is believed where the money is play money."""
    if network == DEVNET and catalog_rate is not None:
        return catalog_rate
    if own_rate is None:
        hint = 'Set BUYER_ADA_USD to what one ADA costs, like "0.50 USD".'
        raise UsageError("rate_missing", f"on {network} the seller's rate is not believed", hint=hint)
    return own_rate


def _check_order(request: PaymentRequest, expected: Expected) -> None:
    order = request.order
    if (order.product, order.credits) != (expected.product, expected.credits):
        raise SellerFault(
            "order_changed",
            f"ordered {expected.credits} of {expected.product},"
            f" and the payment request is for {order.credits} of {clean(order.product)}",
        )
    if order.holder != expected.holder:
        # Without our key in it, anybody who sees the receipt could use it up.
        raise SellerFault(
            "holder_changed", "the payment request binds the receipt to another key than this wallet's"
        )
    try:
        asset = Asset.parse(order.token or "")
    except InvalidAssetError as error:
        raise SellerFault(
            "token_invalid", f"the payment request promises to burn no token: {clean(error)}"
        ) from error
    if asset.dotted != expected.token:
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
        raise SellerFault("price_raised", f"the seller asked {first} at first, and now {price}")
    expected.budget.check(price, Money(0, price.currency, price.decimals))
    if price != expected.price:
        raise SellerFault(
            "price_not_listed", f"the catalog says {expected.price}, the payment request {price}"
        )


def _payable(request: PaymentRequest, expected: Expected) -> PaymentOption:
    for option in request.options:
        if option.network == expected.network:
            return option
    offered = ", ".join(clean(option.network or option.currency) for option in request.options)
    hint = "Buy with a wallet of a network that the seller takes: buyer wallet create --network …"
    message = f"this wallet pays on {expected.network}, and the seller takes {offered}"
    raise PaymentRefused("no_payable_option", message, hint=hint)


def _check_option(option: PaymentOption, request: PaymentRequest, expected: Expected) -> None:
    if (option.currency, option.decimals) != ("ADA", 6):
        # An amount read with other decimals is a thousand times another amount.
        said = f"{clean(option.currency)} with {option.decimals} decimals"
        raise SellerFault(
            "unit_confused", f"{expected.network} is paid in ADA with 6 decimals, and not in {said}"
        )
    try:
        check_address(option.recipient, expected.network)
    except InvalidAddressError as error:
        raise SellerFault("recipient_invalid", f"the recipient cannot be paid: {clean(error)}") from error
    try:
        fair = convert(request.price, expected.ada_price, 6, "ADA")
    except MoneyError as error:
        raise SellerFault("rate_invalid", f"the price cannot be converted: {error}") from error
    percent = 100 + (RATE_TOLERANCE_PERCENT if expected.network != DEVNET else 0)
    if option.amount * 100 > fair.amount * percent:
        asked = Money(option.amount, "ADA", 6)
        raise SellerFault(
            "amount_inflated", f"{request.price} are {fair}, and the payment option asks for {asked}"
        )
    # A receipt of another issuer could not be checked, and the money would be gone.
    if option.receipt_service not in {None, expected.seller} and not _same_origin(
        option.receipt_service, expected
    ):
        raise SellerFault(
            "receipt_service_foreign", "the receipt would come from somebody else than the seller"
        )


def _same_origin(url: str | None, expected: Expected) -> bool:
    return url is not None and (url == expected.origin or url.startswith(expected.origin + "/"))


def _unit(money: Money) -> tuple[str, int]:
    return money.currency, money.decimals
