"""The ASGI app over the flows: every route, and the one place where errors become answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from paywall.clock import Clock
from paywall.gifts.giving import Giving
from paywall.keys.identity import Identity
from paywall.limits.limiter import RateLimiter
from paywall.limits.networks import TrustedProxies
from paywall.ops.metrics import Metrics
from paywall.payments.instructions.instructing import Instructing
from paywall.payments.naming import Naming
from paywall.payments.settlement import Settlement
from paywall.payments.status import Statuses
from paywall.proofs.public import Proofs
from paywall.redemptions.access import ReceiptVerifier
from paywall.redemptions.reading import Reading
from paywall.redemptions.resource import Resource
from paywall.redemptions.using import Using
from paywall.refunds.refunding import Refunding
from paywall.revocations.status_lists import StatusLists
from paywall.sales.prices import Product
from paywall.sales.selling import Selling
from paywall.web.credentials import Origins
from paywall.web.discovery.documents import llms_txt, well_known_x402
from paywall.web.edge.cors import CrossOrigin, api_paths
from paywall.web.edge.direct import DirectRoutes, Edge
from paywall.web.edge.request_log import RequestLog
from paywall.web.edge.storable import StorableRequests
from paywall.web.giving_back import RefundRoutes
from paywall.web.openapi.document import document
from paywall.web.operations import OperationRoutes
from paywall.web.paths import ExactRoute
from paywall.web.payments.by_header import PaymentsByHeader
from paywall.web.payments.dialects import PaymentDialects
from paywall.web.payments.instruction_routes import InstructionRoutes
from paywall.web.priced.pricing import Pricing
from paywall.web.rate_limits import Asking, limited
from paywall.web.receipts.gift_routes import GiftRoutes
from paywall.web.receipts.status_routes import StatusListRoutes
from paywall.web.redemptions import RedemptionRoutes
from paywall.web.resources import ResourceRoutes
from paywall.web.routes import handlers, routes
from paywall.web.sales import SalesRoutes
from shared.dialects.base import ChargeTerms


@dataclass(frozen=True, slots=True)
class Surface:
    """The flows and values that the routes call. `charges` are the ways of paying by MPP, each of some price.

    `ready` gives a note for each part, "ok…" or why not.
    """

    service_url: str
    origins: Origins
    cors_origins: frozenset[str]
    resources: Sequence[Resource]
    products: Mapping[str, Product]
    charges: Sequence[ChargeTerms]
    catalog: Callable[[], Awaitable[Mapping[str, Any]]]
    identity: Identity
    reading: Reading
    selling: Selling
    settlement: Settlement
    instructing: Instructing
    naming: Naming
    dialects: PaymentDialects
    statuses: Statuses
    receipt_verifier: ReceiptVerifier
    using: Using
    refunding: Refunding
    giving: Giving
    status_lists: StatusLists
    proofs: Proofs
    metrics: Metrics
    ready: Callable[[], Awaitable[dict[str, str]]]
    limiter: RateLimiter
    proxies: TrustedProxies
    clock: Clock


def build_pricing(surface: Surface) -> Pricing:
    """What the handlers of other programs are priced by."""
    return Pricing(
        using=surface.using,
        payments=PaymentsByHeader(surface.dialects, surface.settlement, surface.naming, surface.limiter),
        dialects=surface.dialects,
        origins=surface.origins,
        proxies=surface.proxies,
    )


def build_app(surface: Surface) -> ASGIApp:
    described = document(surface.service_url, surface.resources, surface.charges)
    payments = PaymentsByHeader(surface.dialects, surface.settlement, surface.naming, surface.limiter)
    sales = SalesRoutes(
        selling=surface.selling,
        settlement=surface.settlement,
        statuses=surface.statuses,
        dialects=surface.dialects,
        payments=payments,
        catalog=surface.catalog,
        origins=surface.origins,
        clock=surface.clock,
    )
    redemptions = RedemptionRoutes(
        receipt_verifier=surface.receipt_verifier,
        reading=surface.reading,
        proofs=surface.proofs,
        origins=surface.origins,
    )
    refunds = RefundRoutes(surface.refunding, surface.origins)
    operations = OperationRoutes(
        did_document=surface.identity.document,
        openapi=lambda: described,
        well_known_x402=well_known_x402(surface.service_url, surface.resources),
        llms_txt=llms_txt(surface.service_url, surface.resources, surface.products),
        ready=surface.ready,
    )
    rooms = [
        ResourceRoutes(
            resource,
            using=surface.using,
            reading=surface.reading,
            origins=surface.origins,
            payments=payments,
        )
        for resource in surface.resources
    ]
    refusals = handlers(surface.dialects, surface.service_url)
    instructions = InstructionRoutes(surface.instructing)
    status_lists = StatusListRoutes(surface.status_lists)
    table = routes(
        *(rooms, sales, redemptions, refunds, operations),
        instructions=instructions,
        status_lists=status_lists,
        gifts=GiftRoutes(surface.giving, surface.origins),
    )
    served = limited(table, surface.limiter)
    app = Starlette(routes=served, exception_handlers=refusals)
    app.router.redirect_slashes = False  # one spelling a path
    shared = CrossOrigin(StorableRequests(app), surface.cors_origins, api_paths(surface.resources))
    layered = RequestLog(Asking(shared, surface.proxies), surface.metrics.count)
    edge = Edge(surface.proxies, shared, surface.metrics.count, refusals)
    # The very endpoints that the layers have: what is counted there is counted on the direct way.
    direct = {route.path: route.endpoint for route in served if isinstance(route, ExactRoute)}
    return DirectRoutes(layered, direct, edge)
