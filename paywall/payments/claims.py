"""Taking a payer's claim: read it, check it without effects, and store its proof once.

transaction: request open → settling, payment stored (unique keys: one proof, one request)
"""

from collections.abc import Mapping
from dataclasses import dataclass

from paywall.clock import Clock, Ids
from paywall.database.engine import Database, Transaction
from paywall.errors import (
    ClaimInvalid,
    PaymentAlreadyUsed,
    PaymentPending,
    PaymentRequestExpired,
    PaymentRequestPaid,
    PaymentRequired,
    PaywallError,
)
from paywall.keys.identity import Identity
from paywall.ops.failpoints import failpoint
from paywall.payments import store
from paywall.payments.rules import check_payer, payable, shortcoming
from paywall.payments.tables import PaymentRow
from paywall.rails.base import Proof, Rail
from paywall.sales import store as request_store
from shared.dialects import ack
from shared.dialects.ack import PaymentClaim
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentOption, PaymentRequest


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim that was read and belongs to a stored payment request."""

    claim: PaymentClaim
    request: PaymentRequest
    option: PaymentOption
    rail: Rail


class Claims:
    def __init__(
        self, *, database: Database, identity: Identity, rails: Mapping[str, Rail], clock: Clock, ids: Ids
    ) -> None:
        self._database = database
        self._identity = identity
        self._rails = rails
        self._clock = clock
        self._ids = ids

    async def take(self, payload: str) -> PaymentRow:
        """The payment that the claim became, now or before. Errors: see `Settlement.claim`."""
        claimed = await self._read(payload)
        known = await self._known(claimed)
        return known or await self._store(claimed, await self._check(claimed))

    async def _read(self, payload: str) -> Claimed:
        try:
            claim = ack.read_claim(payload, now=self._clock())
            token = claim.payment_request_token
            request = self._identity.read_request(token)
            option = request.option(claim.option_id)
        except TokenError as error:
            raise ClaimInvalid(f"The claim does not hold: {error}.") from error
        row = await self._database.read(lambda tx: request_store.find(tx, request.id))
        if row is None or row.token != token:
            # The seller remembers what it asked for; a signature alone opens nothing.
            raise ClaimInvalid("This payment request is not known here.")
        rail = self._rails.get(option.id)
        if rail is None:
            raise ClaimInvalid(f"The payment option {option.id!r} is no longer offered.")
        return Claimed(claim, request, option, rail)

    async def _known(self, claimed: Claimed) -> PaymentRow | None:
        """The payment, when this very claim was accepted before. Errors: PaymentAlreadyUsed."""
        external_id = claimed.rail.external_id(claimed.claim)
        row = await self._database.read(lambda tx: store.payment(tx, claimed.rail.id, external_id))
        if row is not None and row.payment_request_id != claimed.request.id:
            raise PaymentAlreadyUsed
        return row if row is not None and _accepted(row, claimed) else None

    async def _check(self, claimed: Claimed) -> Proof:
        if claimed.claim.transaction is not None and self._clock() >= claimed.request.expires_at:
            raise PaymentRequestExpired
        token = claimed.claim.payment_request_token
        try:
            proof = await claimed.rail.check(claimed.request, claimed.option, claimed.claim, token)
        except PaymentRequired as error:
            error.token = payable(token, claimed.request.expires_at, self._clock())
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
        outcome = await self._database.transact(lambda tx: _claim_once(tx, claimed, new, self._clock()))
        if isinstance(outcome, PaywallError):
            if isinstance(outcome, PaymentRequired):
                token = claimed.claim.payment_request_token
                outcome.token = payable(token, claimed.request.expires_at, self._clock())
            raise outcome
        return outcome


def _claim_once(
    tx: Transaction, claimed: Claimed, new: store.NewPayment, now: int
) -> PaymentRow | PaywallError:
    """A refusal is returned, not raised: when money has moved, the surplus payment must be kept."""
    proof, request = new.proof, claimed.request
    row = store.payment(tx, new.rail, proof.external_id)
    if row is not None and row.payment_request_id != request.id:
        raise PaymentAlreadyUsed
    if row is not None and _accepted(row, claimed):
        return store.plain(row)
    refusal = shortcoming(proof, claimed.option, request, now)
    if refusal is None and not request_store.move(tx, request.id, "settling", guard=("open",)):
        again = store.payment(tx, new.rail, proof.external_id)
        if again is not None and _accepted(again, claimed):
            return store.plain(again)  # the same claim at the same time, on another connection
        refusal = _occupied(tx, request.id)
    if refusal is not None:
        if proof.paid_at is not None and row is None:
            _keep_surplus(tx, new, refusal.code, now)
        return refusal
    if row is not None:
        store.move_payment(tx, row.id, "settling", now, guard=row.state)
    elif not store.insert_payment(tx, new, now):
        raise PaymentAlreadyUsed  # its output was claimed under another id, between our look and now
    failpoint("pay.claiming")
    stored = store.payment(tx, new.rail, proof.external_id)
    assert stored is not None
    tx.session.refresh(stored)
    return store.plain(stored)


def _accepted(row: PaymentRow, claimed: Claimed) -> bool:
    """Whether the row is this request's payment, by this payer, and on its way or settled."""
    same = row.payment_request_id == claimed.request.id and row.payer == claimed.claim.payer
    return same and row.state in {"settling", "settled"}


def _occupied(tx: Transaction, request_id: str) -> PaywallError:
    row = request_store.find(tx, request_id)
    if row is not None and row.state == "settling":
        return PaymentPending("Another payment of this payment request is being settled.")
    return PaymentRequestPaid()


def _keep_surplus(tx: Transaction, new: store.NewPayment, reason: str, now: int) -> None:
    surplus = store.NewPayment(
        new.id, new.payment_request_id, new.rail, new.option_id, new.payer, new.proof, "surplus", reason
    )
    store.insert_payment(tx, surplus, now)
