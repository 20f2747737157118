"""Routes of one resource: use it, and fetch again what it delivered."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from paywall.errors import PaywallError
from paywall.redemptions.fulfilment import PresentsDelivery, StoredDelivery
from paywall.redemptions.reading import Reading
from paywall.redemptions.redeeming import Redeemed
from paywall.redemptions.resource import Resource
from paywall.redemptions.using import Asked, UseAttempt, Using
from paywall.web.bodies import SMALL_BODY, object_of, read_bytes, wants_json
from paywall.web.credentials import Origins, credentials_of, credit_lines, idempotency_key
from paywall.web.edge.conditional import unchanging
from paywall.web.paths import ExactRoute, at_root
from paywall.web.payments.by_header import PaymentsByHeader, ShownPayment
from paywall.web.responses import JsonResponse, WholeResponse
from paywall.web.sales import SalesRoutes
from shared.dialects.base import Paid
from shared.tokens.prt import Order

#: a client that lost count of its own keys sees that this is no new use
REPEATED = (("Idempotent-Replayed", "true"),)


class ResourceRoutes:
    """The three paths of one resource: buy, use, and fetch a delivery."""

    def __init__(
        self,
        resource: Resource,
        *,
        using: Using,
        reading: Reading,
        origins: Origins,
        payments: PaymentsByHeader,
    ) -> None:
        self._resource = resource
        self._payments = payments
        self._using = using
        self._reading = reading
        self._origins = origins

    def routes(self, sales: SalesRoutes) -> list[Route]:
        resource = self._resource
        return [
            ExactRoute(resource.buy_path, sales.buying(resource.product), methods=["POST"]),
            # One with a route is used where its program has it.
            *(() if resource.route else (ExactRoute(resource.use_path, self.use, methods=["POST"]),)),
            Route(resource.delivery_path("{id}"), self.delivery),
        ]

    async def use(self, request: Request) -> Response:
        """One use. The check sits here, in the handler: no path spelling goes around it."""
        asked = _asked(await read_bytes(request))
        if (payment := self._payments.read(request)) is not None:
            return await self._use_paid(request, asked, payment)
        shown = credentials_of(request, asked.body, self._origins)
        attempt = UseAttempt(shown, asked, idempotency_key(request))
        return self._answer(request, await self._using.use(self._resource, attempt))

    async def _use_paid(self, request: Request, asked: Asked, payment: ShownPayment) -> Response:
        """The use that is paid for in the same request: one for each payment, however often it is sent.

        What cannot be asked for is refused before any money moves. What fails behind the payment leaves a receipt.
        """
        self._using.check(self._resource, asked)
        resource = self._resource
        order = Order(resource.product, resource.cost)
        paid = await self._payments.settle(request, payment, lambda: order, for_use=True)
        if not isinstance(paid, Paid):
            return paid
        try:
            redeemed = await self._using.use_paid(self._resource, paid, asked, self._payments.patience)
        except PaywallError as error:
            return self._payments.left(payment, paid, error)
        return self._payments.beside(payment, paid, self._answer(request, redeemed))

    async def delivery(self, request: Request) -> Response:
        """What stands behind a reference that cannot be guessed; it never changes."""
        reference = request.path_params["id"]
        body, media_type, sha256 = await self._reading.delivery(self._resource, reference)
        return unchanging(request, body, media_type, sha256)

    def _answer(self, request: Request, redeemed: Redeemed) -> WholeResponse:
        lines = (
            ("Credits-Remaining", str(redeemed.credits_remaining)),
            ("Redemption-Id", redeemed.redemption_id),
            ("Location", at_root(request, f"/api/redemptions/{redeemed.redemption_id}")),
            *(REPEATED if redeemed.repeated else ()),
            *credit_lines(request, redeemed.redemption_id, redeemed.credits_remaining),
        )
        if not wants_json(request):
            return WholeResponse(redeemed.body, 200, redeemed.delivery.media_type, lines)
        delivery = mounted(redeemed.delivery, lambda path: at_root(request, path))
        return JsonResponse(
            {
                "redemption_id": redeemed.redemption_id,
                "credits_remaining": redeemed.credits_remaining,
                **presented(self._resource, json.loads(redeemed.document), delivery),
            },
            200,
            lines,
        )


def presented(resource: Resource, document: Mapping[str, Any], delivery: StoredDelivery) -> Mapping[str, Any]:
    """What its holder sees of a delivery, in the resource's words or as `delivery`."""
    if isinstance(resource.fulfilment, PresentsDelivery):
        return resource.fulfilment.present(document, delivery)
    return {"delivery": {"url": delivery.url, "media_type": delivery.media_type, "sha256": delivery.sha256}}


def mounted(delivery: StoredDelivery, at: Callable[[str], str]) -> StoredDelivery:
    """The delivery as it can be had where the app is mounted."""
    return StoredDelivery(delivery.reference, at(delivery.url), delivery.media_type, delivery.sha256)


def _asked(raw: bytes) -> Asked:
    """Errors: NotJson, BadRequest."""
    # Flat, so that a copy of it shares nothing that could be changed; small, so that no receipt stands in it.
    is_plain = len(raw) <= SMALL_BODY and raw.count(b"{") == 1 and b"[" not in raw
    return _kept_asked(raw) if is_plain else Asked(object_of(raw))


@lru_cache(maxsize=256)
def _kept_asked(raw: bytes) -> Asked:
    """Many ask in the words of those before them, and what words say does not change."""
    return Asked(object_of(raw))
