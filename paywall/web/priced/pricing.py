"""A request to a priced handler: what it shows is checked here, in the handler itself, and no path goes around it.

    credits or payment → the use is reserved → the handler answers → captured with its burn → the answer is sent

Credits are taken when the handler's answer is one that is charged for, and released otherwise.
"""

import hashlib
from dataclasses import replace
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import DeliveryStreamed, FulfilmentFailed, PaymentRequired, PaywallError
from paywall.limits.networks import TrustedProxies
from paywall.redemptions.redeeming import Redeemed
from paywall.redemptions.resource import Resource
from paywall.redemptions.using import Asked, UseAttempt, Using
from paywall.web.credentials import Origins, credentials_of, credit_lines, idempotency_key
from paywall.web.edge.storable import check_storable
from paywall.web.payments.by_header import PaymentsByHeader, ShownPayment
from paywall.web.payments.dialects import PaymentDialects
from paywall.web.priced.answers import unpacked
from paywall.web.priced.handling import Declined, HandlerRaised, Handling, PricedEndpoint
from paywall.web.priced.streaming import StreamedResponse, Streaming
from paywall.web.problems import problem_response
from paywall.web.rate_limits import note_asking
from paywall.web.resources import REPEATED
from paywall.web.responses import WholeResponse
from shared.dialects.base import Paid
from shared.tokens.prt import Order


class Pricing:
    """Answers for every priced resource of one seller."""

    def __init__(
        self,
        *,
        using: Using,
        payments: PaymentsByHeader,
        dialects: PaymentDialects,
        origins: Origins,
        proxies: TrustedProxies,
    ) -> None:
        self._using = using
        self._payments = payments
        self._dialects = dialects
        self._origins = origins
        self._proxies = proxies

    async def answer(
        self, resource: Resource, request: Request, body: bytes, endpoint: PricedEndpoint
    ) -> Response:
        """What the handler answers to one use of the resource, or why it is not asked. Its exceptions are passed on.

        `request` is read from again, `body` is all of its body.
        """
        try:
            check_storable(request.scope)
            note_asking(request.scope, self._proxies)
            return await self._answer(resource, request, body, endpoint)
        except PaymentRequired as error:
            return await self._dialects.on_unpaid(request, error)
        except PaywallError as error:
            return problem_response(error)

    async def _answer(
        self, resource: Resource, request: Request, body: bytes, endpoint: PricedEndpoint
    ) -> Response:
        asked = Asked(_line(request, body, resource.cost))
        handling = Streaming(endpoint, request) if endpoint.streams else Handling(endpoint, request)
        use = Use(replace(resource, fulfilment=handling), handling, asked)
        try:
            if (payment := self._payments.read(request)) is not None:
                return await self._use_paid(use, request, payment)
            return await self._use(use, request)
        except BaseException:
            await handling.abandon()
            raise

    async def _use(self, use: "Use", request: Request) -> Response:
        attempt = UseAttempt(credentials_of(request, {}, self._origins), use.asked, idempotency_key(request))
        try:
            redeemed = await self._using.use(use.resource, attempt)
            given = _given(use, redeemed)
        except FulfilmentFailed as error:
            return _declined(error)
        given.append(credit_lines(request, redeemed.redemption_id, redeemed.credits_remaining))
        return given

    async def _use_paid(self, use: "Use", request: Request, payment: ShownPayment) -> Response:
        """The use that is paid for in the same request. What fails behind the payment leaves its receipt."""
        order = Order(use.resource.product, use.resource.cost)
        paid = await self._payments.settle(request, payment, lambda: order, for_use=True)
        if not isinstance(paid, Paid):
            return paid
        try:
            redeemed = await self._using.use_paid(use.resource, paid, use.asked, self._payments.patience)
            given = _given(use, redeemed)
        except PaywallError as error:
            await use.handling.abandon()
            if not isinstance(error.__cause__, Declined):
                return self._payments.left(payment, paid, error)
            given = unpacked(error.__cause__.answer)
            given.append((("Credit-Receipt", paid.receipt),))
        return self._payments.beside(payment, paid, given)


class Use(NamedTuple):
    """One request's use of a resource, with what fulfils it."""

    resource: Resource
    handling: Handling
    asked: Asked


def _line(request: Request, body: bytes, credits: int) -> dict[str, Any]:
    """What one idempotency key stands for, and what a burn's leaf binds: the request's line, and its body's hash.

    What it costs, too: it may hang on a header, and what was tried for the price of one is not had again for another.
    """
    return {
        "credits": credits,
        "method": request.method,
        "path": request.scope["path"],
        "query": request.scope["query_string"].decode("latin-1"),
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }


def _given(use: Use, redeemed: Redeemed) -> WholeResponse | StreamedResponse:
    """Errors: DeliveryStreamed."""
    answer: WholeResponse | StreamedResponse = unpacked(redeemed.body)
    if isinstance(use.handling, Streaming):
        if use.handling.stream is None:
            raise DeliveryStreamed(redemption_id=redeemed.redemption_id)
        answer = StreamedResponse(redeemed.body, use.handling.stream)
    answer.append(
        (
            ("Credits-Remaining", str(redeemed.credits_remaining)),
            ("Redemption-Id", redeemed.redemption_id),
            *(REPEATED if redeemed.repeated else ()),
        )
    )
    return answer


def _declined(error: FulfilmentFailed) -> WholeResponse:
    """The handler's own answer, nothing having been taken; or its exception, for the app that it belongs to."""
    cause = error.__cause__
    if isinstance(cause, Declined):
        return unpacked(cause.answer)
    if isinstance(cause, HandlerRaised) and cause.__cause__ is not None:
        raise cause.__cause__
    raise error
