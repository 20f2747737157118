"""Accepting a payer's claim: read it, check it without effects, and store the payment once.

transaction: request open → settling, payment stored (unique keys: one payment, one request)

A refused payment whose money has moved is stored as surplus in that same transaction, so the transaction
returns its verdict, and the refusal is raised after the commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import NoReturn

from paywall.clock import Clock, Ids
from paywall.database.engine import Database, Transaction
from paywall.errors import (
    ClaimInvalid,
    PaidLate,
    PaymentAlreadyUsed,
    PaymentIdentifierUsed,
    PaymentInsufficient,
    PaymentPending,
    PaymentRequestExpired,
    PaymentRequestPaid,
    PaymentRequired,
    PaymentReversed,
)
from paywall.keys.identity import Identity
from paywall.ops.failpoints import failpoint
from paywall.payments import identifiers, store
from paywall.payments.rules import Reason, Refused, payer_of, shortcoming, to_pay
from paywall.payments.store import NewPayment
from paywall.payments.tables import PaymentRow
from paywall.payments.turns import Turns
from paywall.rails.base import Charged, CheckedPayment, Rail
from paywall.sales import store as request_store
from paywall.sales.selling import Cover
from shared.dialects.base import Evidence, StoredRequest
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentOption


@dataclass(frozen=True, slots=True)
class PaymentClaim:
    """Evidence that was read and belongs to a stored payment request. `external_id` is the payment's at its rail."""

    evidence: Evidence
    stored: StoredRequest
    option: PaymentOption
    rail: Rail
    external_id: str


class Claims:
    """The one door for evidence. `rails` are by id; nothing is settled here.

    Requests that nobody paid are known for `kept` seconds after their expiry (`forgetting.py`).
    """

    def __init__(
        self,
        *,
        database: Database,
        identity: Identity,
        rails: Mapping[str, Rail],
        turns: Turns,
        kept: int,
        clock: Clock,
        ids: Ids,
        cover: Cover | None = None,
    ) -> None:
        """`cover` bounds what is paid from here on, None for what nothing is burned for."""
        self._cover = cover
        self._database = database
        self._identity = identity
        self._rails = rails
        self._turns = turns
        self._kept = kept
        self._clock = clock
        self._ids = ids

    async def accept(self, evidence: Evidence) -> PaymentRow:
        """The payment that the evidence became, now or before. Errors: see `Settlement.pay`."""
        claim = await self._read(evidence)
        known = await self._known(claim)
        if known is not None:
            return known
        async with self._turns.take(claim.stored.request.id):
            return await self._known(claim) or await self._store(claim, await self._check(claim))

    async def _read(self, evidence: Evidence) -> PaymentClaim:
        token = evidence.payment_request_token or await self._referred(evidence.reference)
        try:
            stored = self.stored(token)
            option = stored.request.option(evidence.option_id)
        except TokenError as error:
            raise ClaimInvalid(f"The claim does not hold: {error}.") from error
        # The seller remembers what it asked for, until that may be forgotten; a signature alone opens nothing.
        is_old = stored.request.expires_at + self._kept < self._clock()
        if not await self._database.read(lambda tx: request_store.knows(tx, stored, if_gone=is_old)):
            raise ClaimInvalid("This payment request is not known here.")
        if (said := evidence.accepted) is not None and said != (str(option.amount), option.recipient):
            raise ClaimInvalid("The claim does not hold: what it gives back is not what was asked for.")
        rail = self._rails.get(option.id)
        if rail is None:
            raise ClaimInvalid(f"The payment option {option.id!r} is no longer offered.")
        if evidence.method and isinstance(rail, Charged) and rail.charge(option).method != evidence.method:
            raise ClaimInvalid("The claim does not hold: another method was asked for.")
        return PaymentClaim(evidence, stored, option, rail, rail.external_id(evidence))

    async def _referred(self, reference: str) -> str:
        """The token of the request that a payer names. Errors: ClaimInvalid."""
        request_id, _, signature = reference.partition(".")
        token = await self._database.read(lambda tx: request_store.token_of(tx, request_id))
        if token is None or not compare_digest(token.rpartition(".")[2].encode(), signature.encode()):
            raise ClaimInvalid("This payment request is not known here.")
        return token

    async def _known(self, claim: PaymentClaim) -> PaymentRow | None:
        """The payment, when this very claim was accepted before. Errors: PaymentAlreadyUsed, PaymentIdentifierUsed."""
        row = await self._database.read(lambda tx: store.payment(tx, claim.rail.id, claim.external_id))
        if row is not None and _anothers(row, claim):
            raise PaymentAlreadyUsed
        if row is not None and _accepted(row, claim):
            return row
        if (named := claim.evidence.identifier) and not identifiers.is_payers(named):
            other = (named, claim.rail.id, claim.external_id)
            if await self._database.read(lambda tx: identifiers.stands_for_another(tx, *other)):
                raise PaymentIdentifierUsed
        return None

    async def _check(self, claim: PaymentClaim) -> CheckedPayment:
        try:
            checked = await claim.rail.check(claim.stored, claim.evidence)
        except PaymentRequired as error:
            # Never asked for twice: this payment was not the one, and another is, or is on its way.
            other = await self._database.read(lambda tx: _occupied(tx, claim.stored.request.id))
            if other is not None:
                self._refuse(other, claim)
            raise error.asking(to_pay(claim.stored, self._clock())) from error
        payer_of(claim.evidence, claim.stored.request, checked.owners, moved=checked.paid_at is not None)
        if checked.paid_at is None and self._cover is not None:
            # More are asked for than are paid, so the last tokens can be promised to many. Refusing costs nothing yet.
            await self._cover.check(claim.stored.request.order.credits)
        return checked

    async def _store(self, claim: PaymentClaim, checked: CheckedPayment) -> PaymentRow:
        new = NewPayment(
            self._ids(),
            claim.stored.request.id,
            claim.rail.id,
            claim.option.id,
            payer_of(claim.evidence, claim.stored.request, checked.owners, moved=checked.paid_at is not None),
            bool(claim.evidence.payer),
            checked,
        )
        verdict = await self._database.transact(lambda tx: _claim_once(tx, claim, new, self._clock()))
        if isinstance(verdict, Refused):
            self._refuse(verdict, claim, checked.amount)
        return verdict

    def _refuse(self, verdict: Refused, claim: PaymentClaim, paid: int = 0) -> NoReturn:
        match verdict.reason:
            case "payment_insufficient":
                option = claim.option
                raise PaymentInsufficient(
                    f"{paid} of {option.amount} (10^-{option.decimals} {option.currency}) were paid.",
                    to_pay=to_pay(claim.stored, self._clock()),
                    paid=paid,
                    required=int(option.amount),
                )
            case "payment_request_expired":
                raise PaymentRequestExpired
            case "paid_late":
                raise PaidLate
            case "payment_pending":
                raise PaymentPending("Another payment of this payment request is being settled.")
            case "payment_request_paid":
                raise PaymentRequestPaid
            case "payment_reversed":
                raise PaymentReversed

    def stored(self, token: str) -> StoredRequest:
        """A payment request of ours by its token. Errors: TokenError."""
        return StoredRequest(token, self._identity.read_request(token))


def _claim_once(tx: Transaction, claim: PaymentClaim, new: NewPayment, now: int) -> PaymentRow | Refused:
    checked, request = new.checked, claim.stored.request
    row = store.payment(tx, new.rail, checked.external_id)
    if row is not None and _anothers(row, claim):
        raise PaymentAlreadyUsed
    if row is not None and _accepted(row, claim):
        return store.plain(row)
    if checked.paid_at is not None:
        # It may be forgotten since it was read: money that has moved is kept all the same.
        request_store.restore(tx, claim.stored)
    refused = shortcoming(checked.amount, checked.paid_at, claim.option, request, now)
    if refused is None and not request_store.take(tx, claim.stored):
        again = store.payment(tx, new.rail, checked.external_id)
        if again is not None and _accepted(again, claim):
            return store.plain(again)  # the same claim at the same time, on another connection
        refused = _occupied(tx, request.id) or Refused("payment_pending")
    if refused is not None:
        if checked.paid_at is not None and row is None:
            store.insert_payment(tx, new, "surplus", now, reason=refused.reason)
        elif checked.paid_at is not None and row is not None and row.state == "failed":
            store.claim_again(tx, row, new, "surplus", now, reason=refused.reason)
        return refused
    taken = _take_up(tx, row, new, now)
    if (named := claim.evidence.identifier) and not identifiers.name(tx, named, new.payer, taken.id):
        raise PaymentIdentifierUsed
    return taken


def _take_up(tx: Transaction, row: PaymentRow | None, new: NewPayment, now: int) -> PaymentRow:
    """The payment as it settles from now on; `row` when it was stored before, and failed or was surplus."""
    if row is None:
        taken = store.insert_payment(tx, new, "settling", now)
    else:
        taken = store.claim_again(tx, row, new, "settling", now)
    if not taken:
        raise PaymentAlreadyUsed  # it was claimed on another connection, between our look and now
    if not store.hold_inputs(tx, new.rail, new.checked.spends, new.id if row is None else row.id):
        raise PaymentPending("What it spends is behind another payment, which is being settled.")
    failpoint("pay.claiming")
    stored = store.payment(tx, new.rail, new.checked.external_id)
    assert stored is not None
    tx.session.refresh(stored)
    return store.plain(stored)


def _anothers(row: PaymentRow, claim: PaymentClaim) -> bool:
    """Whether it is another request's. One that failed is nobody's: who saw bytes can spoil a copy and show that."""
    return row.payment_request_id != claim.stored.request.id and row.state != "failed"


def _accepted(row: PaymentRow, claim: PaymentClaim) -> bool:
    """Whether the row is this request's payment, by this payer, and on its way or settled."""
    payer = claim.evidence.payer or row.payer  # unsigned, it shows the payment itself, and knows the request
    same = row.payment_request_id == claim.stored.request.id and row.payer == payer
    return same and row.state in {"settling", "settled"}


_OCCUPIED: Mapping[str, Reason] = {
    "settling": "payment_pending",
    "paid": "payment_request_paid",
    "reversed": "payment_reversed",
    "forgotten": "paid_late",
}


def _occupied(tx: Transaction, request_id: str) -> Refused | None:
    """Why a payment of this request comes too late, if it does."""
    row = request_store.find(tx, request_id)
    if row is None or row.state == "open":
        return None
    return Refused(_OCCUPIED[row.state])
