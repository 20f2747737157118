"""Payment requests as they are stored, without a sale."""

from paywall.sales.store import ToStore
from paywall.sales.terms import Terms
from shared.dialects.base import StoredRequest
from shared.money import Money
from shared.tokens.prt import Order, PaymentRequest


def stored_request(
    request_id: str,
    token: str,
    *,
    expires_at: int,
    holder: str | None = None,
    issued_at: int = 1,
    product: str = "image-credit",
) -> ToStore:
    """Of one credit for a dollar, which nobody could pay: it offers nothing."""
    request = PaymentRequest(
        id=request_id,
        issuer="did:example:seller",
        description="",
        issued_at=issued_at,
        expires_at=expires_at,
        service_callback=None,
        price=Money(100, "USD", 2),
        order=Order(product, 1, None, holder),
        options=(),
    )
    return ToStore(StoredRequest(token, request), Terms(request_id.encode(), request))
