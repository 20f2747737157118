"""The facilitator over HTTP, as x402 v2's clients speak to one: POST /verify, POST /settle, GET /supported.

A payment that does not hold is answered with 200 and its reason: clients of the protocol take any other status for a
facilitator that is broken. Only what is no request of the protocol is a 400 or 413.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from paywall.errors import PaywallError
from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.web.bodies import object_of, read_bytes
from shared.text import clean
from shared.x402_cardano.reasons import ExactReason

#: a transaction of the most bytes in base64, and the requirements twice
MAX_REQUEST = 65_536
_NO_STORE = {"Cache-Control": "no-store"}
_Answer = Callable[[Any, Any], Awaitable[Mapping[str, Any]]]


def facilitator_app(facilitator: CardanoFacilitator) -> Starlette:
    """An ASGI app; who may reach it is for its surroundings to say, for it asks nobody who he is."""

    async def verify(payment: Any, requirements: Any) -> Mapping[str, Any]:
        return (await facilitator.verify(payment, requirements)).document()

    async def settle(payment: Any, requirements: Any) -> Mapping[str, Any]:
        return (await facilitator.settle(payment, requirements)).document()

    async def supported(_: Request) -> Response:
        return JSONResponse(facilitator.supported())

    return Starlette(
        routes=[
            Route("/verify", _endpoint(verify, _invalid), methods=["POST"]),
            Route("/settle", _endpoint(settle, _unsettled(facilitator.network)), methods=["POST"]),
            Route("/supported", supported),
        ]
    )


def _endpoint(
    answer: _Answer, refused: Callable[[str], dict[str, Any]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            body = object_of(await read_bytes(request, MAX_REQUEST))
        except PaywallError as error:
            said = refused(clean(error.detail))
            return JSONResponse(said, error.status, headers=_NO_STORE)
        told = await answer(body.get("paymentPayload"), body.get("paymentRequirements"))
        return JSONResponse(told, headers=_NO_STORE)

    return endpoint


def _invalid(message: str) -> dict[str, Any]:
    return {"isValid": False, "invalidReason": str(ExactReason.PAYLOAD), "invalidMessage": message}


def _unsettled(network: str) -> Callable[[str], dict[str, Any]]:
    def told(message: str) -> dict[str, Any]:
        refused = {"success": False, "errorReason": str(ExactReason.PAYLOAD), "errorMessage": message}
        return {**refused, "transaction": "", "network": network}

    return told
