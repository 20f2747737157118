"""Routes of the sale: catalog, buy, pay, and how a payment stands."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from paywall.clock import Clock
from paywall.errors import BadRequest, HolderProofInvalid, PaymentRequired
from paywall.payments.settlement import Paid, Settlement, Settling
from paywall.payments.status import Statuses
from paywall.sales.selling import Selling
from paywall.web.bodies import read_object, text_member, wants_json
from paywall.web.credentials import Origins, proof_header
from paywall.web.paths import at_root
from paywall.web.problems import NO_STORE, JsonResponse, problem_response
from shared.tokens import dpop
from shared.tokens.dpop import HolderProof
from shared.tokens.jws import TokenError


class SalesRoutes:
    def __init__(
        self,
        *,
        selling: Selling,
        settlement: Settlement,
        statuses: Statuses,
        catalog: Mapping[str, Any],
        origins: Origins,
        clock: Clock,
    ) -> None:
        self._selling = selling
        self._settlement = settlement
        self._statuses = statuses
        self._catalog = catalog
        self._origins = origins
        self._clock = clock

    async def catalog(self, _request: Request) -> Response:
        return JsonResponse(self._catalog)

    def buying(self, product: str) -> Callable[[Request], Awaitable[Response]]:
        """The handler of `POST …/buy` that sells this product."""

        async def buy(request: Request) -> Response:
            return await self._buy(product, request)

        return buy

    async def _buy(self, product: str, request: Request) -> Response:
        """The 402: the raw PRT, or problem details with the PRT for who accepts JSON."""
        body = await read_object(request)
        holder = text_member(body, "holder") if "holder" in body else None
        offer = await self._selling.sell(product, _credits(body), holder)
        location = {"Location": at_root(request, f"/api/payments/{offer.request.id}")}
        if wants_json(request):
            error = PaymentRequired(
                f"Pay {offer.request.price} to get {offer.request.order.credits} credits.", token=offer.token
            )
            response = problem_response(error)
            response.headers.update(location)
            response.headers["Content-Type"] = "application/json"
            return response
        return Response(offer.token, 402, {**NO_STORE, **location}, media_type="application/jwt")

    async def pay(self, request: Request) -> Response:
        body = await read_object(request)
        return _outcome(await self._settlement.claim(text_member(body, "payload")))

    async def payment(self, request: Request) -> Response:
        """How it stands; the receipt for the payer, who shows its key with a DPoP proof, and for nobody else."""
        request_id = request.path_params["id"]
        proof = self._proof(request) if "dpop" in request.headers else None
        status = await self._statuses.read(request_id, proof)
        shown = status.public()
        if proof is not None and proof.key.did == status.payer and status.paid is not None:
            shown |= _receipt(status.paid)
        return JsonResponse(shown)

    def _proof(self, request: Request) -> HolderProof:
        path = request.scope["path"]
        try:
            return dpop.verify(
                proof_header(request),
                method=request.method,
                url_ok=lambda url: self._origins.matches(url, path),
                now=self._clock(),
            )
        except TokenError as error:
            raise HolderProofInvalid(f"The holder proof does not hold: {error}.") from error


def _credits(body: Mapping[str, Any]) -> int:
    """`credits`, or ACK Lab's `count`. A bool, a fraction or a text is none."""
    given = [body[name] for name in ("credits", "count") if name in body]
    if not given or any(type(value) is not int for value in given) or len(set(given)) != 1:
        raise BadRequest("`credits` must be a whole number.")
    return int(given[0])


def _receipt(paid: Paid) -> dict[str, Any]:
    return {"receipt": paid.receipt, "credits": paid.credits.buckets()}


def _outcome(outcome: Paid | Settling) -> Response:
    location = {"Location": f"/api/payments/{outcome.payment_request_id}"}
    if isinstance(outcome, Paid):
        return JsonResponse(
            {**_receipt(outcome), "payment_request_id": outcome.payment_request_id}, 200, location
        )
    return JsonResponse(
        {
            "payment_request_id": outcome.payment_request_id,
            "state": "settling",
            "transaction": outcome.external_id,
            "confirmations": outcome.confirmations,
            "required": outcome.required,
        },
        202,
        {**location, "Retry-After": "1"},
    )
