"""Routes of the sale: catalog, buy, pay, and how a payment stands."""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from paywall.clock import Clock
from paywall.errors import BadRequest, HolderProofInvalid, PaywallError
from paywall.payments.settlement import Settlement
from paywall.payments.status import Statuses
from paywall.sales.selling import Selling
from paywall.web.bodies import SMALL_BODY, object_of, read_bytes, read_object, text_member
from paywall.web.credentials import Origins, proof_header
from paywall.web.paths import at_root
from paywall.web.payments.by_header import PaymentsByHeader, ShownPayment
from paywall.web.payments.dialects import PaymentDialects
from paywall.web.problems import refusal_of
from paywall.web.responses import JsonResponse
from shared.dialects.base import Paid
from shared.tokens import dpop
from shared.tokens.dpop import HolderProof
from shared.tokens.jws import TokenError
from shared.tokens.prt import Order


class SalesRoutes:
    """GET /api/catalog, POST /api/payments and GET /api/payments/{id}, and the 402 of every resource."""

    def __init__(
        self,
        *,
        selling: Selling,
        settlement: Settlement,
        statuses: Statuses,
        dialects: PaymentDialects,
        payments: PaymentsByHeader,
        catalog: Callable[[], Awaitable[Mapping[str, Any]]],
        origins: Origins,
        clock: Clock,
    ) -> None:
        self._selling = selling
        self._settlement = settlement
        self._statuses = statuses
        self._dialects = dialects
        self._payments = payments
        self._catalog = catalog
        self._origins = origins
        self._clock = clock

    async def catalog(self, _request: Request) -> Response:
        return JsonResponse(await self._catalog())  # each time: rates move

    def buying(self, product: str) -> Callable[[Request], Awaitable[Response]]:
        """The handler of `POST …/buy` that sells this product."""
        return partial(self._buy, product)

    async def _buy(self, product: str, request: Request) -> Response:
        """The 402, in every dialect at once, the body in the one that is asked for; or what pays one, in a header."""
        raw = await read_bytes(request)
        if (payment := self._payments.read(request)) is not None:
            return await self._settled(request, payment, lambda: _order_of(product, raw))
        credits, holder = _ordered(raw)
        sold = await self._selling.sell(product, credits, holder)
        response = self._dialects.challenge(request, sold)
        response.append((_location(request, sold.request.id),))
        return response

    async def pay(self, request: Request) -> Response:
        dialect, evidence = self._dialects.read_payment(request, await read_object(request))
        try:
            outcome = await self._settlement.pay(evidence)
        except PaywallError as error:
            return self._dialects.answer(request, dialect, refusal_of(error), evidence)
        response = self._dialects.answer(request, dialect, outcome, evidence)
        response.append((_location(request, outcome.payment_request_id),))
        return response

    async def _settled(self, request: Request, payment: ShownPayment, order: Callable[[], Order]) -> Response:
        paid = await self._payments.settle(request, payment, order)
        if not isinstance(paid, Paid):
            return paid
        response = self._payments.answer(request, payment, paid)
        response.append((_location(request, paid.payment_request_id),))
        return response

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
        try:
            return dpop.verify(
                proof_header(request),
                method=request.method,
                url_ok=lambda url: self._origins.matches(url, request),
                now=self._clock(),
            )
        except TokenError as error:
            raise HolderProofInvalid(f"The holder proof does not hold: {error}.") from error


def _order(raw: bytes) -> tuple[int, str | None]:
    """How many credits, for which holder. Errors: NotJson, BadRequest."""
    body = object_of(raw)
    holder = text_member(body, "holder") if "holder" in body else None
    return _credits(body), holder


#: most buyers order in the words of those before them, and what words say does not change
_kept_order = lru_cache(maxsize=256)(_order)


def _order_of(product: str, raw: bytes) -> Order:
    """Errors: NotJson, BadRequest."""
    credits, holder = _ordered(raw)
    return Order(product, credits, holder=holder)


def _ordered(raw: bytes) -> tuple[int, str | None]:
    return _kept_order(raw) if len(raw) <= SMALL_BODY else _order(raw)


def _credits(body: Mapping[str, Any]) -> int:
    """`credits`, or ACK Lab's `count`. A bool, a fraction or a text is none."""
    given = [body[name] for name in ("credits", "count") if name in body]
    if not given or any(type(value) is not int for value in given) or len(set(given)) != 1:
        raise BadRequest("`credits` must be a whole number.")
    return int(given[0])


def _receipt(paid: Paid) -> dict[str, Any]:
    return {"receipt": paid.receipt, "credits": dict(paid.credits)}


def _location(request: Request, payment_request_id: str) -> tuple[str, str]:
    return "Location", at_root(request, f"/api/payments/{payment_request_id}")
