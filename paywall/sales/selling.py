"""Step 1 of a request: price → build and sign the PRT → store the request → and only then the 402."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from paywall.clock import Clock, Ids, random_bytes
from paywall.database.engine import Database
from paywall.errors import BadRequest, NotFound
from paywall.keys.identity import Identity
from paywall.ops.failpoints import failpoint
from paywall.rails.base import Bounded, Rail
from paywall.sales import store
from paywall.sales.prices import Product
from paywall.sales.store import ToStore
from paywall.sales.terms import Terms
from shared.dialects.base import StoredRequest
from shared.keys import InvalidKeyError, PublicKey
from shared.money import Money
from shared.tokens.prt import Order, PaymentOption, PaymentRequest

#: orders of one second whose terms are kept, at most
KEPT_TERMS = 256
#: holders whose key was read: a buyer names the same one each time
KEPT_HOLDERS = 256


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
        use_needs_holder: bool,
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
        #: each with what it can be paid at least
        self._rails = [(rail, rail.least if isinstance(rail, Bounded) else 1) for rail in rails]
        self._token = token
        self._service_url = service_url
        self._valid_seconds = valid_seconds
        self._holder_required = holder_required
        self.use_needs_holder = use_needs_holder
        self._clock = clock
        self._ids = ids
        self._admit = admit
        self._insert = store.Insert()
        self._terms: dict[_Order, Terms] = {}
        self._terms_of = 0

    async def sell(
        self, product_id: str, credits: int, holder: str | None, *, for_use: bool = False
    ) -> StoredRequest:
        """`for_use`: for a use that is called for, and not for later ones.

        Errors: NotFound (product), BadRequest (credits, holder), TooManyRequests, SupplyExhausted.
        """
        if holder is None and (self.use_needs_holder if for_use else self._holder_required):
            raise BadRequest("`holder` is missing: the did:key that the receipt is to be bound to.")
        terms = self._current(product_id, credits)
        if holder is not None:
            _check_holder(holder)
        await self._admit()  # before the signature and the row: a 402 costs its asker nothing
        if self._cover is not None:
            # Before anything is signed: a payment that was made is never refused.
            await self._cover.check(credits)
        request_id = self._ids()
        token = await self._identity.sign_request(terms.claims_json(request_id, holder))

        failpoint("sell.signed")

        sold = StoredRequest(token, terms.request(request_id, holder))
        await self._database.transact_in_group(self._insert, ToStore(sold, terms))
        terms.stored = True
        failpoint("sell.stored")
        return sold

    def _current(self, product_id: str, credits: int) -> Terms:
        """What is asked for now. Who orders the same in the same second is asked for the same.

        Errors: NotFound (product), BadRequest (credits).
        """
        now, order = self._clock(), (product_id, credits)
        if now != self._terms_of or len(self._terms) >= KEPT_TERMS:
            self._terms, self._terms_of = {}, now
        kept = self._terms.get(order)
        price = kept.price if kept is not None else self._product(product_id).price(credits)
        options = self._options(price)
        if not options and self._rails:
            least = self.at_once(product_id, credits)
            raise BadRequest(f"`credits` must be {least} or more: fewer cost less than can be paid.")
        if kept is None or kept.options != options:
            kept = self._terms[order] = Terms(random_bytes(), self._template(order, price, options, now))
        return kept

    def _options(self, price: Money) -> tuple[PaymentOption, ...]:
        """Of those rails that can be paid so little; asked each time, for rates move."""
        quoted = ((rail.quote(price), least) for rail, least in self._rails)
        return tuple(option for option, least in quoted if option.amount >= least)

    def at_once(self, product_id: str, credits: int) -> int:
        """How many credits are asked for where so many are needed: more, where no rail can be paid so little.

        Errors: NotFound (product), BadRequest (credits).
        """
        product = self._product(product_id)
        while not self._options(product.price(credits)):
            credits += max(1, credits // 8)
        return credits

    def _product(self, product_id: str) -> Product:
        product = self._products.get(product_id)
        if product is None:
            raise NotFound(f"There is no product {product_id!r}.")
        return product

    def _template(
        self, order: "_Order", price: Money, options: tuple[PaymentOption, ...], now: int
    ) -> PaymentRequest:
        """Without id and holder."""
        product_id, credits = order
        return PaymentRequest(
            id="",
            issuer=self._identity.did,
            description=f"{credits} × {self._products[product_id].title}",
            issued_at=now,
            expires_at=now + self._valid_seconds,
            service_callback=self._service_url,
            price=price,
            order=Order(product_id, credits, self._token),
            options=options,
        )


#: product, credits
_Order = tuple[str, int]


@lru_cache(maxsize=KEPT_HOLDERS)
def _check_holder(holder: str) -> None:
    """Errors: BadRequest."""
    try:
        PublicKey.from_did_key(holder)  # which has one spelling a key
    except InvalidKeyError as error:
        raise BadRequest("`holder` must be the did:key of an Ed25519 key.") from error
