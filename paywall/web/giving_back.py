"""Routes of the refunds: unused credits back for their money."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import ReceiptInvalid
from paywall.refunds.refund import Refund
from paywall.refunds.refunding import Refunding
from paywall.web.bodies import credits_member, read_object
from paywall.web.credentials import Origins, credentials_of, idempotency_key
from paywall.web.paths import at_root
from paywall.web.responses import JsonResponse


class RefundRoutes:
    """POST /api/receipts/refund and GET /api/refunds/{id}."""

    def __init__(self, refunding: Refunding, origins: Origins) -> None:
        self._refunding = refunding
        self._origins = origins

    async def ask(self, request: Request) -> Response:
        body = await read_object(request)
        shown = credentials_of(request, body, self._origins)
        if shown is None:
            raise ReceiptInvalid("Show the receipt whose credits you give back.")
        found = await self._refunding.ask(shown, credits_member(body), idempotency_key(request))
        location = at_root(request, f"/api/refunds/{found.id}")
        return JsonResponse(told(found), _status(found), (("Location", location),))

    async def refund(self, request: Request) -> Response:
        """How it stands, for who was told its id."""
        return JsonResponse(told(await self._refunding.find(request.path_params["id"])))


def told(refund: Refund) -> dict[str, Any]:
    """In JSON, without what is not known yet."""
    said = asdict(refund)
    return {"refund_id": said.pop("id"), **{name: value for name, value in said.items() if value is not None}}


def _status(refund: Refund) -> int:
    return 200 if refund.state == "sent" else 202
