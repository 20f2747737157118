"""The payment request token (PRT): what the seller asks for, in ACK-Pay's claims and two of our own.

Ours are `price` (what the order costs, whichever option pays it) and `order` (what is bought). The form is
that of agentcommercekit 0.11; what its verifier lets through (expiry, `sub` other than `id`, another
seller's token, duplicate options) is refused here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from shared import strict_json
from shared.keys import PublicKey
from shared.money import MAX_AMOUNT, MAX_DECIMALS, Money
from shared.tokens import fields, jws
from shared.tokens.jws import TokenError

MAX_OPTIONS = 16
MAX_CREDITS = 1_000_000_000

# "policy.namehex": what a redemption burns.
TOKEN = re.compile(r"[0-9a-f]{56}\.(?:[0-9a-f]{2}){0,32}")

#: needs no escapes in JSON
_PLAIN_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_DIGITS = re.compile(r"[1-9][0-9]{0,18}")
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class PaymentOption:
    """One way of paying: `amount` minor units of `currency` to `recipient` on `network`."""

    id: str
    amount: int
    decimals: int
    currency: str
    recipient: str
    network: str | None = None
    payment_service: str | None = None
    receipt_service: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What is bought: `credits` of `product`, each of which burns one `token` ("policy.namehex") when it is used.

    `token` None: the seller burns nothing.
    """

    product: str
    credits: int
    token: str | None = None
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """A payment request; times are Unix seconds, `issuer` is the seller's DID."""

    id: str
    issuer: str
    description: str
    issued_at: int
    expires_at: int
    service_callback: str | None
    price: Money
    order: Order
    options: tuple[PaymentOption, ...]

    def option(self, option_id: str) -> PaymentOption:
        """Return the payment option of that id; TokenError("unknown_option") when it was not offered."""
        for option in self.options:
            if option.id == option_id:
                return option
        raise TokenError("unknown_option", "the payment request does not offer this payment option")


def claims(request: PaymentRequest) -> dict[str, Any]:
    """Return the claims of `request`. Fields without a value are left out: verifiers refuse null."""
    return _present(
        iat=request.issued_at,
        exp=request.expires_at,
        iss=request.issuer,
        sub=request.id,
        id=request.id,
        description=request.description,
        serviceCallback=request.service_callback,
        expiresAt=iso_time(request.expires_at),
        price={
            "amount": request.price.amount,
            "decimals": request.price.decimals,
            "currency": request.price.currency,
        },
        order=_present(
            product=request.order.product,
            credits=request.order.credits,
            token=request.order.token,
            holder=request.order.holder,
        ),
        paymentOptions=[
            _present(
                id=option.id,
                amount=option.amount,
                decimals=option.decimals,
                currency=option.currency,
                recipient=option.recipient,
                network=option.network,
                paymentService=option.payment_service,
                receiptService=option.receipt_service,
            )
            for option in request.options
        ],
    )


def claims_template(request: PaymentRequest) -> str:
    """Return `claims` as compact JSON without the id and the holder, a line break where each is to be put.

    Compact JSON has no line break of its own. `fill` puts them there.
    """
    said = claims(request)
    order = said.pop("order")
    order.pop("holder", None)
    options = said.pop("paymentOptions")
    before = {name: said.pop(name) for name in ("iat", "exp", "iss")}
    del said["sub"], said["id"]
    return "\n".join(
        (
            f'{strict_json.dumps(before)[:-1]},"sub":',
            f'{strict_json.dumps(said)[1:-1]},"order":{strict_json.dumps(order)[:-1]}',
            f'}},"paymentOptions":{strict_json.dumps(options)}}}',
        )
    )


def fill(template: str, request_id: str, holder: str | None) -> str:
    """Return the claims of the payment request of that id and holder as compact JSON: `claims_template` with both."""
    before, between, behind = template.split("\n")
    name = f'"{request_id}"' if _PLAIN_ID.fullmatch(request_id) else strict_json.dumps(request_id)
    bound = "" if holder is None else f',"holder":{strict_json.dumps(holder)}'
    return f'{before}{name},"id":{name},{between}{bound}{behind}'


def verify(token: str, keys: Sequence[PublicKey], *, issuer: str, now: int | None) -> PaymentRequest:
    """Return the payment request that `issuer` signed with one of `keys`; TokenError otherwise.

    `now` None leaves the expiry out: a seller accepts a claim for a payment that was made in time.
    """
    payload = jws.verify(token, keys)
    if payload.get("iss") != issuer:
        raise TokenError("wrong_issuer", "the payment request is another seller's")
    fields.refuse_audience(payload)
    request_id = fields.text(payload, "id")
    if payload.get("sub") != request_id:
        raise fields.bad("sub", "is not the payment request's id")
    issued_at, expires_at = fields.whole(payload, "iat"), fields.whole(payload, "exp")
    if seconds_of(fields.text(payload, "expiresAt")) != expires_at:
        raise fields.bad("expiresAt", "is not the time that exp says")
    if now is not None:
        fields.check_running(expires_at, now)
        fields.check_started(payload, "iat", now)
    return PaymentRequest(
        id=request_id,
        issuer=issuer,
        description=fields.optional_text(payload, "description") or "",
        issued_at=issued_at,
        expires_at=expires_at,
        service_callback=fields.optional_text(payload, "serviceCallback"),
        price=_price(fields.mapping(payload, "price")),
        order=_order(fields.mapping(payload, "order")),
        options=options_of(payload),
    )


def token_hash(token: str) -> bytes:
    """Return the SHA-256 of the token's ASCII text: what the payment transaction's metadata carries."""
    return sha256(token.encode("ascii")).digest()


def _present(**members: object) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@lru_cache(maxsize=16)
def iso_time(seconds: int) -> str:
    """Return Unix seconds as an RFC 3339 time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def seconds_of(text: str) -> int:
    """Return an `expiresAt` in Unix seconds; TokenError when it is no time in UTC."""
    if not _ISO.fullmatch(text):
        raise fields.bad("expiresAt", "is not a time in UTC")
    try:
        return int(datetime.fromisoformat(text).replace(microsecond=0).timestamp())
    except ValueError as error:
        raise fields.bad("expiresAt", "is not a time in UTC") from error


def _price(value: fields.Fields) -> Money:
    return Money(
        fields.whole(value, "amount", 1, MAX_AMOUNT),
        fields.text(value, "currency"),
        fields.whole(value, "decimals", 0, MAX_DECIMALS),
    )


def _order(value: fields.Fields) -> Order:
    token, holder = fields.optional_text(value, "token"), fields.optional_text(value, "holder")
    if token is not None and not TOKEN.fullmatch(token):
        raise fields.bad("order.token", "is not a policy id and a name in hex")
    if holder is not None and not _DID.fullmatch(holder):
        raise fields.bad("order.holder", "is not a DID")
    return Order(fields.text(value, "product"), fields.whole(value, "credits", 1, MAX_CREDITS), token, holder)


def options_of(payload: fields.Fields) -> tuple[PaymentOption, ...]:
    """Return the payment options in the claims of a payment request; TokenError for none, and for two of one id."""
    value = payload.get("paymentOptions")
    if not isinstance(value, list) or not 0 < len(value) <= MAX_OPTIONS:
        raise fields.bad("paymentOptions", f"is not a list of 1 to {MAX_OPTIONS}")
    options = tuple(_option(item) for item in value)
    if len({option.id for option in options}) != len(options):
        raise fields.bad("paymentOptions", "has two options of one id")
    return options


def _option(value: object) -> PaymentOption:
    if not isinstance(value, dict):
        raise fields.bad("paymentOptions", "has something else than an option")
    return PaymentOption(
        id=fields.text(value, "id"),
        amount=_amount(value),
        decimals=fields.whole(value, "decimals", 0, MAX_DECIMALS),
        currency=fields.text(value, "currency"),
        recipient=fields.text(value, "recipient"),
        network=fields.optional_text(value, "network"),
        payment_service=fields.optional_text(value, "paymentService"),
        receipt_service=fields.optional_text(value, "receiptService"),
    )


def _amount(value: fields.Fields) -> int:
    """ACK allows an integer or its decimal digits as text; "010", "1e3" and " 5" are neither."""
    amount = value.get("amount")
    if isinstance(amount, str) and _DIGITS.fullmatch(amount):
        value = {"amount": int(amount)}
    return fields.whole(value, "amount", 1, MAX_AMOUNT)
