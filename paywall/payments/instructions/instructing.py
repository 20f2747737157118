"""Telling a payer what he needs beyond the option, at the moment that he asks for it: a 402 waits for no network.

    network:     rail.prepare, which is idempotent by the request's id as far as its service is
    transaction: one INSERT under (payment request, option); what is there is what everybody is told

So whatever a service makes twice, in two processes or after a lost answer, only one of them is ever handed out.
"""

from collections.abc import Sequence

from paywall.clock import Clock
from paywall.database.engine import Database, Transaction
from paywall.errors import (
    BadRequest,
    ClaimInvalid,
    NotFound,
    PaymentPending,
    PaymentRequestExpired,
    PaymentRequestPaid,
    PaymentReversed,
)
from paywall.keys.identity import Identity
from paywall.payments.instructions import store
from paywall.payments.turns import Turns
from paywall.rails.base import Hosted, Instructions, Rail
from paywall.sales import store as request_store
from shared.dialects.base import StoredRequest
from shared.tokens.jws import TokenError

#: instructions that are made at once; the rest wait
AT_ONCE = 16
_CLOSED = {"settling": PaymentPending, "paid": PaymentRequestPaid, "reversed": PaymentReversed}


class Instructing:
    """Makes instructions, and keeps them."""

    def __init__(self, database: Database, identity: Identity, rails: Sequence[Rail], clock: Clock) -> None:
        self._database = database
        self._identity = identity
        self._hosted = {rail.id: rail for rail in rails if isinstance(rail, Hosted)}
        self._turns = Turns(AT_ONCE)
        self._clock = clock

    async def instruct(self, request_id: str, token: str, option_id: str) -> Instructions:
        """For the payment request of that id, which whoever knows its token may pay; the same at each call.

        Errors: ClaimInvalid (token), NotFound, BadRequest (option), PaymentRequestExpired, PaymentPending,
        PaymentRequestPaid, PaymentReversed, Unavailable, TooManyRequests.
        """
        stored = self._read(request_id, token)
        rail = self._hosted.get(option_id)
        if rail is None or option_id not in {option.id for option in stored.request.options}:
            raise BadRequest("`payment_option_id` names no option of the request that needs instructions.")
        if (kept := await self._open(stored, option_id)) is not None:
            return kept
        async with self._turns.take(request_id):
            if (kept := await self._open(stored, option_id)) is not None:
                return kept
            made = await rail.prepare(stored)
            now = self._clock()
            return await self._database.transact(lambda tx: store.keep(tx, request_id, made, now))

    def _read(self, request_id: str, token: str) -> StoredRequest:
        try:
            stored = StoredRequest(token, self._identity.read_request(token))
        except TokenError as error:
            raise ClaimInvalid(f"The payment request does not hold: {error}.") from error
        if stored.request.id != request_id:
            raise NotFound("The token is of another payment request.")
        return stored

    async def _open(self, stored: StoredRequest, option_id: str) -> Instructions | None:
        """What is kept already, of a request that can be paid; None for nothing."""
        request = stored.request

        def look(tx: Transaction) -> tuple[str | None, Instructions | None]:
            row = request_store.find(tx, request.id)
            if row is None or not request_store.knows(tx, stored, if_gone=False):
                return None, None
            return row.state, store.find(tx, request.id, option_id)

        state, kept = await self._database.read(look)
        if state is None:
            raise NotFound("This payment request is not known here.")
        if state in _CLOSED:
            raise _CLOSED[state]
        if state != "open" or self._clock() >= request.expires_at:
            raise PaymentRequestExpired
        return kept
