"""A request to a priced handler: what it shows is checked here, in the handler itself, and no path goes around it.

    credits or payment → the use is reserved → the handler answers → captured with its burn → the answer is sent

Credits are taken when the handler's answer is one that is charged for, and released otherwise.
"""

import hashlib
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import FulfilmentFailed, PaymentRequired, PaywallError
from paywall.limits.networks import TrustedProxies
from paywall.redemptions.redeeming import Redeemed
from paywall.redemptions.resource import Resource
from paywall.redemptions.using import Asked, UseAttempt, Using
from paywall.web.bodies import read_bytes
from paywall.web.credentials import Origins, credentials_of, idempotency_key
from paywall.web.edge.storable import check_storable
from paywall.web.payments.by_header import PaymentsByHeader, ShownPayment
from paywall.web.payments.dialects import PaymentDialects
from paywall.web.priced.answers import unpacked
from paywall.web.priced.handling import Charges, Declined, HandlerRaised, Handling, PricedHandler, replaying
from paywall.web.problems import problem_response
from paywall.web.rate_limits import note_asking
from paywall.web.resources import REPEATED
from paywall.web.responses import WholeResponse
from shared.dialects.base import Paid


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
        self, resource: Resource, request: Request, handler: PricedHandler, charges: Charges
    ) -> Response:
        """What the handler answers to one use of the resource, or why it is not asked. Its exceptions are passed on.

        `request` has its body already.
        """
        try:
            check_storable(request.scope)
            note_asking(request.scope, self._proxies)
            return await self._answer(resource, request, handler, charges)
        except PaymentRequired as error:
            return await self._dialects.on_unpaid(request, error)
        except PaywallError as error:
            return problem_response(error)

    async def _answer(
        self, resource: Resource, request: Request, handler: PricedHandler, charges: Charges
    ) -> WholeResponse:
        asked = Asked(_line(request, await request.body()))
        used = replace(resource, fulfilment=Handling(handler, request, charges))
        if (payment := self._payments.read(request)) is not None:
            return await self._use_paid(used, request, asked, payment)
        attempt = UseAttempt(credentials_of(request, {}, self._origins), asked, idempotency_key(request))
        try:
            return _given(await self._using.use(used, attempt))
        except FulfilmentFailed as error:
            return _declined(error, pass_on=True)

    async def _use_paid(
        self, resource: Resource, request: Request, asked: Asked, payment: ShownPayment
    ) -> WholeResponse:
        """The use that is paid for in the same request. What fails behind the payment leaves its receipt."""
        paid = await self._payments.settle(request, payment)
        if not isinstance(paid, Paid):
            return paid
        try:
            given = _given(await self._using.use_paid(resource, paid, asked, self._payments.patience))
        except FulfilmentFailed as error:
            if not isinstance(error.__cause__, Declined):
                return self._payments.left(payment, paid, error)
            given = _declined(error, pass_on=False)
            given.append((("Credit-Receipt", paid.receipt),))
        except PaywallError as error:
            return self._payments.left(payment, paid, error)
        return self._payments.beside(payment, paid, given)


async def with_body(request: Request, most: int) -> Request:
    """The request, read whole. Errors: BodyTooLarge."""
    body = await read_bytes(request, most)
    return Request(request.scope, replaying(body))


def _line(request: Request, body: bytes) -> dict[str, Any]:
    """What one idempotency key stands for, and what a burn's leaf binds: the request's line, and its body's hash."""
    return {
        "method": request.method,
        "path": request.scope["path"],
        "query": request.scope["query_string"].decode("latin-1"),
        "body_sha256": hashlib.sha256(body).hexdigest(),
    }


def _given(redeemed: Redeemed) -> WholeResponse:
    answer = unpacked(redeemed.body)
    answer.append(
        (
            ("Credits-Remaining", str(redeemed.credits_remaining)),
            ("Redemption-Id", redeemed.redemption_id),
            *(REPEATED if redeemed.repeated else ()),
        )
    )
    return answer


def _declined(error: FulfilmentFailed, *, pass_on: bool) -> WholeResponse:
    """The handler's own answer, nothing having been taken; or its exception, for the app that it belongs to."""
    cause = error.__cause__
    if isinstance(cause, Declined):
        return unpacked(cause.answer)
    if pass_on and isinstance(cause, HandlerRaised) and cause.__cause__ is not None:
        raise cause.__cause__
    raise error
