"""Payments that name no payment request (x402 version 1): what was paid is what the called path sells, by its price.

A request is made in the same call, and the payment claimed for it like any other: its amount must be the price, and the
unique key on the payment decides who was first. The rail's check and the claim do the rest.

Once a payment settles it is public, and there is nothing secret in it: whoever reads the network could show it too, and
be handed the receipt. So each showing is written down while no claim of the payment is stored, when its payer alone
knows it, and behind that only those count: copies that were sent at once, and repetitions under one Idempotency-Key.
A receipt that is bound to a holder is handed to anybody.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from paywall.database.engine import Database, Transaction
from paywall.errors import ClaimInvalid, ClaimUsed
from paywall.payments import store
from paywall.payments.turns import Turns
from paywall.rails.base import PaidExactly, Rail
from paywall.redemptions.holder_proofs import count_once
from paywall.sales import store as request_store
from paywall.sales.selling import Selling
from shared.dialects.base import Evidence
from shared.tokens.prt import Order

#: how long behind its request's expiry a showing is known
KEPT_SECONDS = 86_400
#: payments that are named at once; the rest wait, and memory for them has an end
AT_ONCE = 64
#: payments whose request was made here just now
KEPT = 1024


class _Sold(NamedTuple):
    """A request as it is known here: its token, its expiry, and its holder if it has one."""

    token: str
    expires_at: int
    holder: str | None


class Naming:
    """Finds or makes the payment request of a payment."""

    def __init__(self, database: Database, selling: Selling, rails: Sequence[Rail]) -> None:
        self._database = database
        self._selling = selling
        self._rails = rails
        self._turns = Turns(AT_ONCE)
        self._made: OrderedDict[tuple[str, Order], _Sold] = OrderedDict()

    async def named(
        self, evidence: Evidence, order: Order, showing: str, *, for_use: bool = False
    ) -> Evidence:
        """The evidence with the request and the option that it pays. `showing` is this call's, or its key's.

        `for_use` as of `Selling.sell`.

        Errors: ClaimInvalid, ClaimUsed, those of `Selling.sell`.
        """
        rail, external_id = self._paid_by(evidence)
        async with self._turns.take(f"{rail.id} {external_id}"):
            made = await self._database.read(lambda tx: _claimed(tx, rail.id, external_id))
            if made is None:
                made = await self._request(external_id, order, for_use=for_use)
            await self._database.transact(lambda tx: _admit(tx, rail.id, external_id, showing, made))
        return replace(evidence, payment_request_token=made.token, option_id=rail.id)

    def _paid_by(self, evidence: Evidence) -> tuple[Rail, str]:
        """Errors: ClaimInvalid when no rail reads the payment."""
        for rail in self._rails:
            if isinstance(rail, PaidExactly):
                try:
                    return rail, rail.external_id(evidence)
                except ClaimInvalid:
                    continue
        raise ClaimInvalid("The claim does not hold: what it shows is no payment that is taken here.")

    async def _request(self, external_id: str, order: Order, *, for_use: bool) -> _Sold:
        """Copies that are sent at once pay one request."""
        known = self._made.get((external_id, order))
        if known is not None:
            return known
        sold = await self._selling.sell(order.product, order.credits, order.holder, for_use=for_use)
        made = _Sold(sold.token, sold.request.expires_at, order.holder)
        self._made[external_id, order] = made
        if len(self._made) > KEPT:
            self._made.popitem(last=False)
        return made


def _claimed(tx: Transaction, rail: str, external_id: str) -> _Sold | None:
    """The request of a payment that was claimed."""
    row = store.payment(tx, rail, external_id)
    request = None if row is None else request_store.find(tx, row.payment_request_id)
    if request is None:
        return None
    token = request_store.token_of(tx, request.id)
    assert token is not None, "what is claimed has its token"
    return _Sold(token, request.expires_at, request.holder)


def _admit(tx: Transaction, rail: str, external_id: str, showing: str, made: _Sold) -> None:
    """Write the showing down while the payment is nobody's; later, only what was written down counts.

    Errors: ClaimUsed, and nothing is written.
    """
    is_public = store.payment(tx, rail, external_id) is not None
    is_new = count_once(tx, f"showing of {rail} {external_id}", showing, made.expires_at + KEPT_SECONDS)
    if is_public and is_new and made.holder is None:
        raise ClaimUsed(
            "This payment was claimed before, and everybody can read it by now. Its receipt is handed out again under "
            "the Idempotency-Key that the payment was first sent with, or where the order named a `holder`."
        )
