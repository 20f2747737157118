"""The route by which a payer asks what it needs beyond the option."""

from starlette.requests import Request
from starlette.responses import Response

from paywall.payments.instructions.instructing import Instructing
from paywall.web.bodies import read_object, text_member
from paywall.web.responses import JsonResponse


class InstructionRoutes:
    """POST /api/payment-requests/{id}/instructions, for whoever knows the payment request's token."""

    def __init__(self, instructing: Instructing) -> None:
        self._instructing = instructing

    async def instruct(self, request: Request) -> Response:
        body = await read_object(request)
        told = await self._instructing.instruct(
            request.path_params["id"],
            text_member(body, "payment_request_token"),
            text_member(body, "payment_option_id"),
        )
        shown = {"payment_option_id": told.option_id, "payload": dict(told.payload)}
        return JsonResponse(shown if told.expires_at is None else shown | {"expires_at": told.expires_at})
