"""Route of the gifts: credits to another holder."""

from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import ReceiptInvalid
from paywall.gifts.giving import Giving
from paywall.web.bodies import credits_member, read_object, text_member
from paywall.web.credentials import Origins, credentials_of, idempotency_key
from paywall.web.responses import JsonResponse


class GiftRoutes:
    """POST /api/receipts/transfer"""

    def __init__(self, giving: Giving, origins: Origins) -> None:
        self._giving = giving
        self._origins = origins

    async def give(self, request: Request) -> Response:
        body = await read_object(request)
        shown = credentials_of(request, body, self._origins)
        if shown is None:
            raise ReceiptInvalid("Show the receipt whose credits you give away.")
        to, credits = text_member(body, "to"), credits_member(body)
        gift = await self._giving.ask(shown, to, credits, idempotency_key(request))
        return JsonResponse(
            {
                "gift_id": gift.id,
                "receipt": gift.token,
                "to": gift.holder,
                "credits": gift.credits,
                "expires_at": gift.expires_at,
            }
        )
