"""Routes of one resource: use it, and fetch again what it delivered."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from paywall.clock import Ids
from paywall.errors import BadRequest, CreditsExhausted, PaymentRequired
from paywall.redemptions.access import Principal, ReceiptVerifier, require_product
from paywall.redemptions.fulfilment import Presented, StoredDelivery
from paywall.redemptions.reading import Reading
from paywall.redemptions.redeeming import Redeemed, Redeeming
from paywall.redemptions.request import RedemptionRequest
from paywall.redemptions.resource import Resource
from paywall.sales.selling import Selling
from paywall.web.bodies import read_object, wants_json
from paywall.web.credentials import Origins, credentials_of, idempotency_key
from paywall.web.dialects import PaymentDialects
from paywall.web.paths import at_root
from paywall.web.problems import JsonResponse, problem_response
from paywall.web.sales import SalesRoutes
from shared import strict_json
from shared.redemption_commitment import canonical_request


class ResourceRoutes:
    """The three paths of one resource: buy, use, and fetch a delivery."""

    def __init__(
        self,
        resource: Resource,
        *,
        selling: Selling,
        receipt_verifier: ReceiptVerifier,
        redeeming: Redeeming,
        reading: Reading,
        dialects: PaymentDialects,
        origins: Origins,
        ids: Ids,
    ) -> None:
        self._resource = resource
        self._selling = selling
        self._receipt_verifier = receipt_verifier
        self._redeeming = redeeming
        self._reading = reading
        self._dialects = dialects
        self._origins = origins
        self._ids = ids

    def routes(self, sales: SalesRoutes) -> list[Route]:
        resource = self._resource
        return [
            Route(resource.buy_path, sales.buying(resource.product), methods=["POST"]),
            Route(resource.use_path, self.use, methods=["POST"]),
            Route(resource.delivery_path("{id}"), self.delivery),
        ]

    async def use(self, request: Request) -> Response:
        """One use. The check sits here, in the handler: no path spelling goes around it."""
        body = await read_object(request)
        shown = credentials_of(request, body, self._origins)
        if shown is None:
            return await self._unpaid(PaymentRequired("Buy credits first."), None)
        principal = self._receipt_verifier.admit(shown)
        require_product(principal, self._resource.product)
        wanted = self._request(principal, body, idempotency_key(request))
        user = hashlib.sha256(principal.receipt.payer.encode()).hexdigest()
        try:
            redeemed = await self._redeeming.redeem(self._resource, wanted, user=user)
        except CreditsExhausted as error:
            return await self._unpaid(error, principal.request.order.holder)
        return self._answer(request, redeemed)

    async def delivery(self, request: Request) -> Response:
        """What stands behind a reference that cannot be guessed; it never changes."""
        reference = request.path_params["id"]
        body, media_type, sha256 = await self._reading.delivery(self._resource, reference)
        headers = {"Cache-Control": "private, immutable, max-age=31536000", "ETag": f'"{sha256}"'}
        return Response(body, 200, headers, media_type=media_type)

    async def _unpaid(self, error: PaymentRequired, holder: str | None) -> Response:
        """Paying is the remedy: a stored PRT for the credits of one use, in every dialect's headers."""
        offer = await self._selling.sell(self._resource.product, self._resource.cost, holder)
        response = problem_response(error.carrying(offer.token))
        self._dialects.advertise(response, offer)
        return response

    def _request(self, principal: Principal, body: Mapping[str, Any], key: str | None) -> RedemptionRequest:
        document = self._resource.fulfilment.read(body)
        try:
            asked = canonical_request(body)
        except ValueError as error:
            raise BadRequest(f"The request has no canonical form: {error}.") from error
        redemption_id = self._ids()
        return RedemptionRequest(
            id=redemption_id,
            account_id=principal.account_id,
            product=self._resource.product,
            resource=self._resource.id,
            quantity=self._resource.cost,
            idempotency_key=key if key is not None else f"redemption {redemption_id}",
            request=asked.decode(),
            request_hash=hashlib.sha256(asked).hexdigest(),
            document=strict_json.dumps(document),
            owes_burn=principal.request.order.token is not None,
            holder_proof=principal.proof,
        )

    def _answer(self, request: Request, redeemed: Redeemed) -> Response:
        headers = {
            "Credits-Remaining": str(redeemed.credits_remaining),
            "Redemption-Id": redeemed.redemption_id,
            "Location": at_root(request, f"/api/redemptions/{redeemed.redemption_id}"),
            "Cache-Control": "no-store",
        }
        if not wants_json(request):
            return Response(redeemed.body, 200, headers, media_type=redeemed.delivery.media_type)
        return JsonResponse(
            {
                "redemption_id": redeemed.redemption_id,
                "credits_remaining": redeemed.credits_remaining,
                **_presented(self._resource, request, redeemed),
            },
            200,
            headers,
        )


def _presented(resource: Resource, request: Request, redeemed: Redeemed) -> Mapping[str, Any]:
    delivery = mounted(redeemed.delivery, lambda path: at_root(request, path))
    if isinstance(resource.fulfilment, Presented):
        return resource.fulfilment.present(json.loads(redeemed.document), delivery)
    return presented_publicly(resource, delivery)


def presented_publicly(resource: Resource, delivery: StoredDelivery | None) -> Mapping[str, Any]:
    """What anybody may see of a delivery, in the resource's words or as `delivery`."""
    if isinstance(resource.fulfilment, Presented):
        return resource.fulfilment.present_publicly(delivery)
    if delivery is None:
        return {"delivery": None}
    return {"delivery": {"url": delivery.url, "media_type": delivery.media_type, "sha256": delivery.sha256}}


def mounted(delivery: StoredDelivery, at: Callable[[str], str]) -> StoredDelivery:
    """The delivery as it can be had where the app is mounted."""
    return StoredDelivery(delivery.reference, at(delivery.url), delivery.media_type, delivery.sha256)
