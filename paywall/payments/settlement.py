"""Step 2 of a request: claim the payment, let the rail settle, then paid, credits and receipt in one commit.

    transaction: the claim is stored (`claims.py`)
    network:     rail.settle
    transaction: payment → settled, request → paid, credits granted, receipt stored

A crash in between leaves `settling`, which the worker takes up. Unknown is an outcome, never "failed".
"""

import asyncio
from collections.abc import Mapping

from paywall.clock import Clock
from paywall.credits import postings
from paywall.credits import store as credit_store
from paywall.credits.accounts import Owner, account_of
from paywall.database.engine import Database, Transaction
from paywall.errors import (
    ClaimUsed,
    NotFound,
    PaymentMismatch,
    PaymentPending,
    PaymentRequestExpired,
    PaymentReversed,
    Unavailable,
)
from paywall.ops.failpoints import failpoint
from paywall.payments import store
from paywall.payments.claims import Claims
from paywall.payments.looks import Looks
from paywall.payments.receipts import Receipts, transaction_of
from paywall.payments.rules import to_pay
from paywall.payments.tables import PaymentRow
from paywall.rails.base import Failed, Pending, Rail, Settled
from paywall.sales import store as request_store
from shared.dialects.base import Evidence, Paid, Settling

#: from a receipt's issue on: for so long it is given again to who shows its payment, and signs nothing
REPEATED_SECONDS = 86_400
#: between two looks at a payment for whom its answer waits
LOOK_SECONDS = 0.5


class Settlement:
    """Brings payments from evidence to receipt. `rails` are by id."""

    def __init__(
        self,
        *,
        database: Database,
        claims: Claims,
        rails: Mapping[str, Rail],
        receipts: Receipts,
        looks: Looks,
        clock: Clock,
    ) -> None:
        self._database = database
        self._claims = claims
        self._rails = rails
        self._receipts = receipts
        self._looks = looks
        self._clock = clock

    async def pay(self, evidence: Evidence, *, patience: float = 0) -> Paid | Settling:
        """Take what a payer shows for a payment, in whatever dialect it came. Repeating it is harmless.

        It is looked at again for `patience` seconds while it is not final.

        Errors: ClaimInvalid, PaymentMismatch, PaymentInsufficient, PaymentPending, PaymentAlreadyUsed,
        PaymentRequestPaid, PaymentRequestExpired, PaidLate, ClaimUsed, Unavailable.
        """
        payment = await self._claims.accept(evidence)
        failpoint("pay.claimed")
        outcome, until = await self.look(payment), self._clock() + patience
        while isinstance(outcome, Settling) and self._clock() < until:
            await asyncio.sleep(LOOK_SECONDS)
            outcome = await self.look(payment)
        if isinstance(outcome, Paid):
            await self._hand_out(payment, evidence)
        return outcome

    async def _hand_out(self, payment: PaymentRow, evidence: Evidence) -> None:
        """A claim that was overheard must not give a second receipt that anybody can use. Errors: ClaimUsed."""

        def count(tx: Transaction) -> bool:
            request = request_store.find(tx, payment.payment_request_id)
            assert request is not None
            if request.holder is not None:
                return True
            if evidence.payer:
                return store.use_claim(tx, payment, evidence.showing)
            # The payment itself is all that its payer showed, and his client sends it again when it lost the answer.
            receipt = store.receipt_of(tx, request.id)
            assert receipt is not None
            return not payment.signed and self._clock() < receipt.created_at + REPEATED_SECONDS

        if not await self._database.transact(count):
            raise ClaimUsed(
                "The receipt is bound to no holder, and was given for this claim before. Its payer signs another "
                "claim, or shows its key with a DPoP proof where the payment can be looked up."
            )

    async def look(self, payment: PaymentRow) -> Paid | Settling:
        """`advance` for a client: within the budget of looks, and from the last one while that is fresh."""
        return await self._looks.for_client(payment.id, lambda: self._advance(payment))

    async def advance(self, payment: PaymentRow) -> Paid | Settling:
        """Settle a stored payment as far as it goes."""
        return await self._looks.once(payment.id, lambda: self._advance(payment))

    async def _advance(self, payment: PaymentRow) -> Paid | Settling:
        if payment.state == "settled":
            return await self._paid(payment.payment_request_id)
        rail = self._rails.get(payment.rail)
        if rail is None:
            raise Unavailable(f"The rail {payment.rail!r} of this payment is not configured at the moment.")
        now = self._clock()
        first = await self._database.transact(lambda tx: store.note_try(tx, payment.id, now))
        failpoint("pay.tried")
        if first is None:
            return await self._moved(payment)
        outcome = await rail.settle(store.for_rail(payment, first=first))
        failpoint("pay.settled")
        match outcome:
            case Settled():
                await self._finish(payment, rail, outcome)
                return await self._paid(payment.payment_request_id)
            case Pending(confirmations, required):
                return Settling(payment.payment_request_id, payment.external_id, confirmations, required)
            case Failed(reason):
                return await self._fail(payment, reason, first=first)

    async def _finish(self, payment: PaymentRow, rail: Rail, settled: Settled) -> None:
        request_row = await self._database.read(lambda tx: request_store.find(tx, payment.payment_request_id))
        assert request_row is not None
        metadata = {**rail.receipt_metadata(store.for_rail(payment)), **settled.metadata}
        receipt, status_index = await self._receipts.issue(request_row, payment, metadata)
        failpoint("pay.issued")

        def finish(tx: Transaction) -> None:
            now = self._clock()
            # The guard: only the first of several who saw the payment settle opens the account.
            if not store.move_payment(tx, payment.id, "settled", now):
                return
            failpoint("pay.finishing")
            request_store.move(tx, payment.payment_request_id, "paid", guard=("settling",))
            store.insert_receipt(tx, receipt)
            credit_store.open_account(
                tx,
                account_id=account_of(receipt.id),
                owner=Owner.of_receipt(request_row.holder),
                product=request_row.product,
                opening=postings.grant(payment.id, request_row.credits),
                expires_at=receipt.expires_at,
                now=now,
                status_index=status_index,
            )

        await self._database.transact(finish)
        failpoint("pay.finished")

    async def _fail(self, payment: PaymentRow, reason: str, *, first: bool) -> Paid | Settling:
        # A refusal of the first try says that it failed only while it is the only try: another that was begun
        # beside it may have brought the payment on its way.
        tries = 1 if first else None

        def fail(tx: Transaction) -> str | None:
            now = self._clock()
            if not store.move_payment(tx, payment.id, "failed", now, reason=reason, tries=tries):
                return None
            failpoint("recover.failing")
            request_store.move(tx, payment.payment_request_id, "open", guard=("settling",))
            return request_store.token_of(tx, payment.payment_request_id)

        token = await self._database.transact(fail)
        if token is None:
            raise PaymentPending  # somebody else moved it meanwhile; the next look tells
        left = to_pay(self._claims.stored(token), self._clock())
        if left is None:
            raise PaymentRequestExpired(
                f"The payment was refused ({reason}), and the payment request has expired."
            )
        raise PaymentMismatch(f"The payment was refused: {reason}", to_pay=left)

    async def _moved(self, payment: PaymentRow) -> Paid:
        """Somebody else brought it to its end meanwhile."""
        try:
            return await self._paid(payment.payment_request_id)
        except NotFound:
            raise PaymentPending from None  # it failed: the next claim takes it up again

    async def _paid(self, request_id: str) -> Paid:
        return await self._database.read(lambda tx: read_paid(tx, request_id))


def read_paid(tx: Transaction, request_id: str) -> Paid:
    """Errors: NotFound when no receipt was issued, PaymentReversed.

    A receipt that the operator revoked is the answer all the same: its use is what is refused.
    """
    receipt = store.receipt_of(tx, request_id)
    if receipt is None:
        raise NotFound("There is no receipt for this payment request.")
    balance = credit_store.balance(tx, account_of(receipt.id))
    assert balance is not None
    payment = store.payment_of(tx, receipt)
    if payment.state == "reversed":
        raise PaymentReversed
    paid_by = transaction_of(receipt) or payment.external_id
    return Paid(request_id, receipt.token, balance.buckets(), paid_by, receipt.payer, receipt.created_at)
