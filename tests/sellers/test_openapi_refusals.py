"""Whatever refusal the code of a path can end in is described at that path."""

import pytest

from paywall import errors
from paywall.products.images.room import open_images
from paywall.settings import Settings
from paywall.web.openapi.document import document
from tests.support.world.raised import raised
from tests.support.world.seller import BASE

IMAGES = open_images(Settings())
DOCUMENT = document(BASE, [IMAGES], ())
#: (method, path) → the handler: its class, and its method
HANDLERS = {
    ("post", IMAGES.buy_path): ("SalesRoutes", "_buy"),
    ("post", IMAGES.use_path): ("ResourceRoutes", "use"),
    ("get", IMAGES.delivery_path("{id}")): ("ResourceRoutes", "delivery"),
    ("post", "/api/payments"): ("SalesRoutes", "pay"),
    ("get", "/api/payments/{id}"): ("SalesRoutes", "payment"),
    ("post", "/api/payment-requests/{id}/instructions"): ("InstructionRoutes", "instruct"),
    ("get", "/api/catalog"): ("SalesRoutes", "catalog"),
    ("get", "/api/credits"): ("RedemptionRoutes", "credits"),
    ("post", "/api/receipts/refund"): ("RefundRoutes", "ask"),
    ("post", "/api/receipts/transfer"): ("GiftRoutes", "give"),
    ("get", "/api/refunds/{id}"): ("RefundRoutes", "refund"),
    ("get", "/api/status-lists/{n}"): ("StatusListRoutes", "status_list"),
    ("get", "/api/redemptions/{id}"): ("RedemptionRoutes", "redemption"),
    ("get", "/api/burns/{tx_hash}"): ("RedemptionRoutes", "burn"),
    ("get", "/.well-known/did.json"): ("OperationRoutes", "did"),
    ("get", "/did.json"): ("OperationRoutes", "did"),
    ("get", "/.well-known/x402"): ("OperationRoutes", "well_known_x402"),
    ("get", "/llms.txt"): ("OperationRoutes", "llms_txt"),
    ("get", "/openapi.json"): ("OperationRoutes", "openapi"),
    ("get", "/healthz"): ("OperationRoutes", "healthz"),
    ("get", "/readyz"): ("OperationRoutes", "readyz"),
}
#: what the source allows and the way there does not
NEVER = {
    # A resource whose product is not in the catalog is refused at the start.
    ("post", IMAGES.buy_path): errors.NotFound,
    ("post", IMAGES.use_path): errors.NotFound,
    # The proof is read where the request has one.
    ("get", "/api/payments/{id}"): errors.HolderProofRequired,
}


def test_every_operation_is_looked_at() -> None:
    described = {(method, path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert set(HANDLERS) == described


@pytest.mark.parametrize(("operation", "handler"), HANDLERS.items(), ids=[" ".join(one) for one in HANDLERS])
def test_what_an_operation_can_be_refused_with_is_described(
    operation: tuple[str, str], handler: tuple[str, str]
) -> None:
    method, path = operation
    described: set[tuple[int, str]] = set()
    for status, told in DOCUMENT["paths"][path][method]["responses"].items():
        problem = told["content"].get("application/problem+json")
        if problem is not None:
            codes = problem["schema"]["allOf"][1]["properties"]["code"]["enum"]
            described |= {(int(status), code) for code in codes}
    # A resource's own two stand in the place of the tree's.
    refusals = raised(*handler) - {errors.FulfilmentRefused, errors.FulfilmentFailed, NEVER.get(operation)}
    assert {(error.status, error.code) for error in refusals} - described == set()


def test_the_reader_follows_calls_to_their_end() -> None:
    assert errors.PaymentReversed in raised("SalesRoutes", "payment"), "five calls deep"
    assert errors.PaymentMismatch not in raised("SalesRoutes", "payment"), "it is caught on the way"
    assert errors.SupplyExhausted in raised("SalesRoutes", "_buy"), "behind a protocol"
