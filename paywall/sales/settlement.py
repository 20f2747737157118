"""Step 2 of a request: claim the proof, let the rail settle, then paid, credits and receipt in one commit.

    transaction: request open → settling, payment stored (unique keys: one proof, one request)
    network:     rail.settle
    transaction: payment → settled, request → paid, credits granted, receipt stored

A crash in between leaves `settling`, which the worker takes up. Unknown is an outcome, never "failed".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from paywall.clock import Clock, Ids
from paywall.credits import store as credit_store
from paywall.credits.store import Balance
from paywall.database import Database, Transaction
from paywall.errors import (
    ClaimInvalid,
    NotFound,
    PaymentAlreadyUsed,
    PaymentMismatch,
    PaymentPending,
    PaymentRequestPaid,
    PaymentRequired,
    PaywallError,
)
from paywall.identity import Identity
from paywall.rails.base import Failed, Payable, Pending, Proof, Rail, Settled
from paywall.sales import store
from paywall.sales.judgement import check_payer, shortcoming
from paywall.sales.receipts import Receipts
from paywall.sales.tables import PaymentRow
from shared import payment_request
from shared.dialects import ack
from shared.dialects.ack import PaymentClaim
from shared.jws import TokenError
from shared.payment_request import PaymentOption, PaymentRequest


@dataclass(frozen=True, slots=True)
class Paid:
    payment_request_id: str
    receipt: str
    credits: Balance


@dataclass(frozen=True, slots=True)
class Settling:
    """Accepted, not final. `required` counts confirmations."""

    payment_request_id: str
    external_id: str
    confirmations: int
    required: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim that was read and belongs to a stored payment request."""

    claim: PaymentClaim
    request: PaymentRequest
    option: PaymentOption
    rail: Rail


class Settlement:
    def __init__(
        self,
        *,
        database: Database,
        identity: Identity,
        rails: Mapping[str, Rail],
        receipts: Receipts,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._identity = identity
        self._rails = rails
        self._receipts = receipts
        self._clock = clock
        self._ids = ids

    async def claim(self, payload: str) -> Paid | Settling:
        """Take a payer's claim (the ACK receipt request's `payload`). Repeating it is harmless.

        Errors: ClaimInvalid, PaymentMismatch, PaymentInsufficient, PaymentPending, PaymentAlreadyUsed,
        PaymentRequestPaid, PaymentRequestExpired, PaidLate, Unavailable.
        """
        claimed = await self._read(payload)
        known = await self._known(claimed)
        if known is None:
            known = await self._store(claimed, await self._check(claimed))
        return await self.advance(known)

    async def _read(self, payload: str) -> Claimed:
        try:
            claim = ack.read_claim(payload, now=self._clock())
            token = claim.payment_request_token
            request = payment_request.verify(token, self._identity.keys, issuer=self._identity.did, now=None)
            option = request.option(claim.option_id)
        except TokenError as error:
            raise ClaimInvalid(f"The claim does not hold: {error}.") from error
        row = await self._database.read(lambda tx: store.request(tx, request.id))
        if row is None or row.token != token:
            # The seller remembers what it asked for; a signature alone opens nothing.
            raise ClaimInvalid("This payment request is not known here.")
        rail = self._rails.get(option.id)
        if rail is None:
            raise ClaimInvalid(f"The payment option {option.id!r} is no longer offered.")
        return Claimed(claim, request, option, rail)

    async def _known(self, claimed: Claimed) -> PaymentRow | None:
        """The payment, when this very claim was accepted before."""
        external_id = claimed.rail.external_id(claimed.claim)
        row = await self._database.read(lambda tx: store.payment(tx, claimed.rail.id, external_id))
        return row if row is not None and _accepted(row, claimed) else None

    async def _check(self, claimed: Claimed) -> Proof:
        token = claimed.claim.payment_request_token
        try:
            proof = await claimed.rail.check(claimed.request, claimed.option, claimed.claim, token)
        except PaymentRequired as error:
            error.token = token  # paying rightly is the remedy
            raise
        check_payer(claimed.claim.payer, claimed.request, proof)
        return proof

    async def _store(self, claimed: Claimed, proof: Proof) -> PaymentRow:
        new = store.NewPayment(
            self._ids(),
            claimed.request.id,
            claimed.rail.id,
            claimed.option.id,
            claimed.claim.payer,
            proof,
            "settling",
        )
        outcome = await self._database.transact(lambda tx: self._claim_once(tx, claimed, new))
        if isinstance(outcome, PaywallError):
            if isinstance(outcome, PaymentRequired):
                outcome.token = claimed.claim.payment_request_token
            raise outcome
        return outcome

    def _claim_once(
        self, tx: Transaction, claimed: Claimed, new: store.NewPayment
    ) -> PaymentRow | PaywallError:
        """A refusal is returned, not raised, when money has moved: the surplus payment must be kept."""
        now, proof, request = self._clock(), new.proof, claimed.request
        row = store.payment(tx, new.rail, proof.external_id)
        if row is not None and row.payment_request_id != request.id:
            raise PaymentAlreadyUsed
        if row is not None and _accepted(row, claimed):
            return plain(row)
        refusal = shortcoming(proof, claimed.option, request, now)
        if refusal is None and not store.move_request(tx, request.id, "settling", guard=("open",)):
            again = store.payment(tx, new.rail, proof.external_id)
            if again is not None and _accepted(again, claimed):
                return plain(again)  # the same claim at the same time, on another connection
            refusal = _occupied(tx, request.id)
        if refusal is not None:
            if proof.paid_at is None:
                raise refusal
            if row is None:
                _keep_surplus(tx, new, refusal.code, now)
            return refusal
        if row is not None:
            store.move_payment(tx, row.id, "settling", now, guard=row.state)
        elif not store.insert_payment(tx, new, now):
            raise PaymentAlreadyUsed  # its output was claimed under another id, between our look and now
        stored = store.payment(tx, new.rail, proof.external_id)
        assert stored is not None
        tx.session.refresh(stored)
        return plain(stored)

    async def advance(self, payment: PaymentRow) -> Paid | Settling:
        """Settle a stored payment as far as it goes; for claims, polls and the worker alike."""
        if payment.state == "settled":
            return await self._paid(payment.payment_request_id)
        rail = self._rails[payment.rail]
        now = self._clock()
        outcome = await rail.settle(Payable(payment.external_id, payment.transaction, payment.expiry_slot))
        match outcome:
            case Settled():
                await self._finish(payment)
                return await self._paid(payment.payment_request_id)
            case Pending(confirmations, required):
                await self._database.transact(lambda tx: store.touch_payment(tx, payment.id, now))
                return Settling(payment.payment_request_id, payment.external_id, confirmations, required)
            case Failed(reason):
                return await self._fail(payment, reason)

    async def _finish(self, payment: PaymentRow) -> None:
        request_row = await self._database.read(lambda tx: store.request(tx, payment.payment_request_id))
        assert request_row is not None
        receipt = await self._receipts.issue(request_row, payment)

        def finish(tx: Transaction) -> None:
            now = self._clock()
            # The guard: only the first of several who saw the payment settle opens the account.
            if not store.move_payment(tx, payment.id, "settled", now, guard="settling"):
                return
            store.move_request(tx, payment.payment_request_id, "paid", guard=("settling",))
            store.insert_receipt(tx, receipt)
            credit_store.open_account(
                tx,
                account_id=receipt.id,
                payment_id=payment.id,
                product=request_row.product,
                credits=request_row.credits,
                expires_at=receipt.expires_at,
                now=now,
            )

        await self._database.transact(finish)

    async def _fail(self, payment: PaymentRow, reason: str) -> Paid | Settling:
        def fail(tx: Transaction) -> str | None:
            if not store.move_payment(
                tx, payment.id, "failed", self._clock(), guard="settling", reason=reason
            ):
                return None
            store.move_request(tx, payment.payment_request_id, "open", guard=("settling",))
            row = store.request(tx, payment.payment_request_id)
            return row.token if row is not None else None

        token = await self._database.transact(fail)
        if token is None:
            raise PaymentPending  # somebody else moved it meanwhile; the next look tells
        raise PaymentMismatch(f"The payment was refused: {reason}", token=token)

    async def _paid(self, request_id: str) -> Paid:
        return await self._database.read(lambda tx: read_paid(tx, request_id))


def read_paid(tx: Transaction, request_id: str) -> Paid:
    """Errors: NotFound when no receipt was issued."""
    receipt = store.receipt_of(tx, request_id)
    if receipt is None:
        raise NotFound("There is no receipt for this payment request.")
    balance = credit_store.balance(tx, receipt.id)
    assert balance is not None
    return Paid(request_id, receipt.token, balance)


def _accepted(row: PaymentRow, claimed: Claimed) -> bool:
    """Whether the row is this request's payment, by this payer, and on its way or settled."""
    same = row.payment_request_id == claimed.request.id and row.payer == claimed.claim.payer
    return same and row.state in {"settling", "settled"}


def _occupied(tx: Transaction, request_id: str) -> PaywallError:
    row = store.request(tx, request_id)
    if row is not None and row.state == "settling":
        return PaymentPending("Another payment of this payment request is being settled.")
    return PaymentRequestPaid()


def _keep_surplus(tx: Transaction, new: store.NewPayment, reason: str, now: int) -> None:
    surplus = store.NewPayment(
        new.id, new.payment_request_id, new.rail, new.option_id, new.payer, new.proof, "surplus", reason
    )
    store.insert_payment(tx, surplus, now)


def plain(row: PaymentRow) -> PaymentRow:
    """A copy that outlives the transaction's session."""
    return PaymentRow.model_validate(row.model_dump())
