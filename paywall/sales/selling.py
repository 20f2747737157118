"""Step 1 of a request: price → build and sign the PRT → store request and token → and only then the 402."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

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
from shared.tokens.prt import Order, PaymentRequest


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

    async def sell(self, product_id: str, credits: int, holder: str | None) -> StoredRequest:
        """Errors: NotFound (product), BadRequest (credits, holder), TooManyRequests, SupplyExhausted."""
        product = self._products.get(product_id)
        if product is None:
            raise NotFound(f"There is no product {product_id!r}.")
        if holder is None and self.holder_required:
            raise BadRequest("`holder` is missing: the did:key that the receipt is to be bound to.")
        request = self._request(product, credits, None if holder is None else _checked_holder(holder))
        await self._admit()  # before the signature and the row: a 402 costs its asker nothing
        if self._cover is not None:
            # Before anything is signed: a payment that was made is never refused.
            await self._cover.check(credits)
        token = await self._identity.sign_request(request)

        failpoint("sell.signed")

        row = {
            "id": request.id,
            "token": token,
            "product": product.id,
            "credits": credits,
            "price": request.price.amount,
            "currency": request.price.currency,
            "holder": request.order.holder,
            "created_at": request.issued_at,
            "expires_at": request.expires_at,
        }
        await self._database.transact_in_group(self._insert, row)
        failpoint("sell.stored")
        return StoredRequest(token, request)

    def _request(self, product: Product, credits: int, holder: str | None) -> PaymentRequest:
        price, now = product.price(credits), self._clock()
        return PaymentRequest(
            id=self._ids(),
            issuer=self._identity.did,
            description=f"{credits} × {product.title}",
            issued_at=now,
            expires_at=now + self._valid_seconds,
            service_callback=self._service_url,
            price=price,
            order=Order(product.id, credits, self._token, holder),
            options=tuple(rail.quote(price) for rail in self._rails),  # each time: rates move
        )


def _checked_holder(holder: str) -> str:
    try:
        return PublicKey.from_did_key(holder).did
    except InvalidKeyError as error:
        raise BadRequest("`holder` must be the did:key of an Ed25519 key.") from error
