"""The table of routes. `openapi/document.py` describes them; a test holds the two together."""

from collections.abc import Sequence
from typing import Any

from starlette.routing import Route

from paywall.errors import PaymentRequired
from paywall.web.giving_back import RefundRoutes
from paywall.web.operations import OperationRoutes
from paywall.web.payments.dialects import PaymentDialects
from paywall.web.payments.instruction_routes import InstructionRoutes
from paywall.web.problems import Handler, on_fault, refusing
from paywall.web.receipts.gift_routes import GiftRoutes
from paywall.web.receipts.status_routes import StatusListRoutes
from paywall.web.redemptions import RedemptionRoutes
from paywall.web.resources import ResourceRoutes
from paywall.web.sales import SalesRoutes


def routes(
    resources: Sequence[ResourceRoutes],
    sales: SalesRoutes,
    redemptions: RedemptionRoutes,
    refunds: RefundRoutes,
    operations: OperationRoutes,
    *,
    instructions: InstructionRoutes,
    status_lists: StatusListRoutes,
    gifts: GiftRoutes,
) -> list[Route]:
    return [
        *(route for room in resources for route in room.routes(sales)),
        Route("/api/payments", sales.pay, methods=["POST"]),
        Route("/api/payments/{id}", sales.payment),
        Route("/api/payment-requests/{id}/instructions", instructions.instruct, methods=["POST"]),
        Route("/api/catalog", sales.catalog),
        Route("/api/credits", redemptions.credits),
        Route("/api/receipts/refund", refunds.ask, methods=["POST"]),
        Route("/api/receipts/transfer", gifts.give, methods=["POST"]),
        Route("/api/refunds/{id}", refunds.refund),
        Route("/api/status-lists/{n}", status_lists.status_list),
        Route("/api/redemptions/{id}", redemptions.redemption),
        Route("/api/burns/{tx_hash}", redemptions.burn),
        Route("/.well-known/did.json", operations.did),
        Route("/did.json", operations.did),  # where a did:web with a path has it
        Route("/.well-known/x402", operations.well_known_x402),
        Route("/llms.txt", operations.llms_txt),
        Route("/openapi.json", operations.openapi),
        Route("/healthz", operations.healthz),
        Route("/readyz", operations.readyz),
    ]


def handlers(dialects: PaymentDialects, service_url: str) -> dict[Any, Handler]:
    """Error → its handler; the nearest class counts."""
    elsewhere = f"What is sold is at {service_url}/api/catalog, every route at {service_url}/openapi.json."
    return {PaymentRequired: dialects.on_unpaid, **refusing(elsewhere), Exception: on_fault}
