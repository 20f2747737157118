"""A priced resource as a program declares it: `report = paywall.resource("report", usd="0.25")`, `@report.priced`."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import PaywallError, SetupError
from paywall.redemptions.fulfilment import DeliveryStore
from paywall.redemptions.resource import Resource
from paywall.sales.prices import PriceTier, Product
from paywall.web.bodies import MAX_BODY, read_bytes
from paywall.web.priced.handling import (
    Answers,
    Charges,
    PricedEndpoint,
    Unattended,
    asynchronous,
    replaying,
)
from paywall.web.priced.pricing import Pricing
from paywall.web.problems import problem_response
from shared.money import Money, MoneyError

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

#: answers of up to so many bytes stand in the database, beside their redemption; larger ones are files
INLINE = 65_536
SECONDS, VALIDITY_DAYS = 120, 365
#: credits that one use takes: so many, or as a function of the request says
Credits = int | Callable[[Request], int | Awaitable[int]]


def successful(status: int) -> bool:
    """Charged for unless a program says otherwise: 2xx."""
    return 200 <= status < 300  # noqa: PLR2004


class PricedTerms(TypedDict, total=False):
    """What a use costs and may take.

    One credit costs `usd`, as "0.25"; or credits are those of a `product` that the catalog has. A use takes `credits`,
    by default 1, or as a function of the request says; it may take `seconds` (120), and its body `max_body` bytes
    (64 KB). Credits are good for `validity_days` (365). `charges` says of which statuses they are taken: 2xx by
    default. `streams`: its answers go out as they come; credits are taken when one begins, and it is not kept for who
    asks again. `path` is where it is used, for the catalog: `/{id}` by default.
    """

    usd: str
    product: str
    credits: Credits
    title: str
    path: str
    validity_days: int
    seconds: int
    max_body: int
    charges: Charges
    streams: bool


class SellsPriced(Protocol):
    """A seller that runs, as much of it as its priced handlers need. `resources` are by id."""

    @property
    def pricing(self) -> Pricing: ...

    @property
    def resources(self) -> Mapping[str, Resource]: ...


class PricedResource:
    """Handlers that are used for credits. `seller` gives the one that runs."""

    def __init__(
        self, resource_id: str, seller: Callable[[], Awaitable[SellsPriced]], terms: PricedTerms
    ) -> None:
        """Errors: SetupError."""
        if ("usd" in terms) == ("product" in terms):
            raise SetupError(
                f"The resource {resource_id!r} has a price, usd=…, or takes credits of a product=…."
            )
        self.id = resource_id
        self._seller = seller
        self._terms = terms
        #: what is sold for it alone, None where it takes another product's credits
        self.product = _product(resource_id, terms) if "usd" in terms else None

    def resource(self, deliveries: DeliveryStore) -> Resource:
        """As its seller knows it."""
        terms, credits = self._terms, self._credits
        return Resource(
            id=self.id,
            product=terms.get("product", self.id),
            path=f"/api/{self.id}",
            fulfilment=Unattended(),
            deliveries=deliveries,
            cost=credits if isinstance(credits, int) else 1,
            seconds=terms.get("seconds", SECONDS),
            route=terms.get("path", f"/{self.id}"),
            inline=INLINE,
        )

    @property
    def _credits(self) -> Credits:
        return self._terms.get("credits", 1)

    def priced(self, endpoint: Callable[[Request], Any]) -> Answers:
        """A Starlette endpoint that is run when its credits are reserved, and paid for when it answers with success."""
        charges, streams = self._terms.get("charges", successful), self._terms.get("streams", False)
        priced = PricedEndpoint(asynchronous(endpoint), charges, streams)

        @functools.wraps(endpoint)
        async def answered(request: Request) -> Response:
            seller = await self._seller()
            try:
                body = await read_bytes(request, self._terms.get("max_body", MAX_BODY))
                whole = Request(request.scope, replaying(body))
                resource = await self._for(whole, seller.resources[self.id])
            except PaywallError as error:
                return problem_response(error)
            return await seller.pricing.answer(resource, whole, body, priced)

        return answered

    @functools.cached_property
    def api_route(self) -> type["APIRoute"]:
        """For FastAPI: `APIRouter(route_class=report.api_route)`. Every path operation declared on it is priced.

        What is included in it is priced by its own router's class, and a websocket is not priced at all.
        A dependency could not do it: it does not see the answer, and so not whether it is one to be paid for.
        """
        from fastapi.routing import APIRoute

        priced = self.priced

        class PricedRoute(APIRoute):
            """Its whole handling, validation included, is what credits are reserved for."""

            def get_route_handler(self) -> Any:
                return priced(super().get_route_handler())

        return PricedRoute

    async def _for(self, request: Request, resource: Resource) -> Resource:
        """The resource, for what this request costs."""
        credits = self._credits
        if isinstance(credits, int):
            return resource
        said = credits(request)
        cost = await said if inspect.isawaitable(said) else said
        if type(cost) is not int or cost < 1:
            raise ValueError(f"the credits of {self.id!r} are a whole number of at least 1, and not {cost!r}")
        return replace(resource, cost=cost)


def _product(resource_id: str, terms: PricedTerms) -> Product:
    try:
        price = Money.parse(f"{terms['usd']} USD")
    except MoneyError as error:
        raise SetupError(f"The resource {resource_id!r}: {error}.") from error
    title, days = terms.get("title", resource_id), terms.get("validity_days", VALIDITY_DAYS)
    return Product(resource_id, title, "", days, (PriceTier(1, price),))
