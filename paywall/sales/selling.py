"""Step 1 of a request: price → build and sign the PRT → store request and token → and only then the 402."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Protocol

from paywall.clock import Clock, Ids
from paywall.database.engine import Database
from paywall.errors import BadRequest, NotFound
from paywall.keys.identity import Identity
from paywall.ops.failpoints import failpoint
from paywall.rails.base import Rail
from paywall.sales import store
from paywall.sales.prices import Product
from shared.dialects.base import StoredRequest
from shared.keys import InvalidKeyError, PublicKey
from shared.money import Money
from shared.tokens.prt import Order, PaymentOption, PaymentRequest, claims_writer

#: orders of one second whose terms are kept, at most
KEPT_TERMS = 256


class Cover(Protocol):
    """What stands behind the credits that are sold."""

    async def check(self, credits: int) -> None:
        """Return when so many more may be sold. Errors: SupplyExhausted, StorageUnavailable."""


class Selling:
    """Makes payment requests. `token` is what each credit burns, None for nothing; `valid_seconds` is a PRT's life."""

    def __init__(
        self,
        *,
        database: Database,
        identity: Identity,
        products: Mapping[str, Product],
        rails: Sequence[Rail],
        token: str | None,
        service_url: str,
        valid_seconds: int,
        holder_required: bool,
        clock: Clock,
        ids: Ids,
        admit: Callable[[], Awaitable[None]],
        cover: Cover | None = None,
    ) -> None:
        """`token` is the asset that each use burns, "<policyId>.<nameHex>", promised in every PRT; None: none.

        `admit` raises TooManyRequests when who asks has been sold too much to in a minute; `cover` bounds what is
        sold, None for what nothing is burned for.
        """
        self._cover = cover
        self._database = database
        self._identity = identity
        self._products = products
        self._rails = rails
        self._token = token
        self._service_url = service_url
        self._valid_seconds = valid_seconds
        self.holder_required = holder_required
        self._clock = clock
        self._ids = ids
        self._admit = admit
        self._insert = store.Insert()
        self._terms: dict[_Order, _Terms] = {}
        self._terms_of = 0

    async def sell(self, product_id: str, credits: int, holder: str | None) -> StoredRequest:
        """Errors: NotFound (product), BadRequest (credits, holder), TooManyRequests, SupplyExhausted."""
        terms = self._current(product_id, credits, holder)
        await self._admit()  # before the signature and the row: a 402 costs its asker nothing
        if self._cover is not None:
            # Before anything is signed: a payment that was made is never refused.
            await self._cover.check(credits)
        request_id = self._ids()
        token = await self._identity.sign_request(terms.claims_json(request_id))

        failpoint("sell.signed")

        sold = StoredRequest(token, terms.request(request_id))
        await self._database.transact_in_group(self._insert, sold)
        failpoint("sell.stored")
        return sold

    def _current(self, product_id: str, credits: int, holder: str | None) -> "_Terms":
        """What is asked for now. Who orders the same in the same second is asked for the same, under another id."""
        now, order = self._clock(), (product_id, credits, holder)
        if now != self._terms_of or len(self._terms) >= KEPT_TERMS:
            self._terms, self._terms_of = {}, now
        kept = self._terms.get(order)
        price = kept.price if kept is not None else self._price(product_id, credits, holder)
        options = tuple(rail.quote(price) for rail in self._rails)  # each time: rates move
        if kept is None or kept.options != options:
            kept = self._terms[order] = _Terms(self._template(order, price, options, now))
        return kept

    def _price(self, product_id: str, credits: int, holder: str | None) -> Money:
        """Of an order that can be sold."""
        product = self._products.get(product_id)
        if product is None:
            raise NotFound(f"There is no product {product_id!r}.")
        if holder is None and self.holder_required:
            raise BadRequest("`holder` is missing: the did:key that the receipt is to be bound to.")
        price = product.price(credits)
        if holder is not None:
            _check_holder(holder)
        return price

    def _template(
        self, order: "_Order", price: Money, options: tuple[PaymentOption, ...], now: int
    ) -> PaymentRequest:
        """Without its id."""
        product_id, credits, holder = order
        return PaymentRequest(
            id="",
            issuer=self._identity.did,
            description=f"{credits} × {self._products[product_id].title}",
            issued_at=now,
            expires_at=now + self._valid_seconds,
            service_callback=self._service_url,
            price=price,
            order=Order(product_id, credits, self._token, holder),
            options=options,
        )


#: product, credits, holder
_Order = tuple[str, int, str | None]


class _Terms:
    """What payment requests of one order and one second share: all but their ids."""

    def __init__(self, template: PaymentRequest) -> None:
        self.price, self.options = template.price, template.options
        self.claims_json = claims_writer(template)
        rest = attrgetter(*(field.name for field in fields(PaymentRequest) if field.name != "id"))(template)
        self._rest: tuple[Any, ...] = rest

    def request(self, request_id: str) -> PaymentRequest:
        """`PaymentRequest` has its id first."""
        return PaymentRequest(request_id, *self._rest)


def _check_holder(holder: str) -> None:
    """Errors: BadRequest."""
    try:
        PublicKey.from_did_key(holder)  # which has one spelling a key
    except InvalidKeyError as error:
        raise BadRequest("`holder` must be the did:key of an Ed25519 key.") from error
