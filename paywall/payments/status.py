"""How a payment request stands."""

from dataclasses import dataclass
from typing import Any

from paywall.clock import Clock
from paywall.database.engine import Database, Transaction
from paywall.errors import NotFound, PaymentMismatch, PaymentPending, PaymentRequestExpired
from paywall.payments import store
from paywall.payments.settlement import Settlement, read_paid
from paywall.payments.tables import PaymentRow
from paywall.redemptions.holder_proofs import use_proof
from paywall.sales import store as request_store
from shared.dialects.base import Paid, Settling
from shared.tokens.dpop import HolderProof


@dataclass(frozen=True, slots=True)
class Status:
    """`payer` may see `paid`; everybody may see `public()`."""

    payment_request_id: str
    state: str
    expires_at: int
    transaction: str | None = None
    progress: Settling | None = None
    payer: str | None = None
    paid: Paid | None = None

    def public(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "payment_request_id": self.payment_request_id,
            "state": self.state,
            "expires_at": self.expires_at,
        }
        if self.transaction is not None:
            shown["transaction"] = self.transaction
        if self.progress is not None:
            shown |= {"confirmations": self.progress.confirmations, "required": self.progress.required}
        return shown


class Statuses:
    """Looks up payment requests, and settles one that is under way on the occasion."""

    def __init__(self, *, database: Database, settlement: Settlement, clock: Clock) -> None:
        self._database = database
        self._settlement = settlement
        self._clock = clock

    async def read(self, request_id: str, proof: HolderProof | None) -> Status:
        """`proof` is whoever asks for the receipt, and counts once.

        Errors: NotFound, HolderProofInvalid, PaymentReversed, Unavailable.
        """
        if proof is not None:
            # A proof that could be shown again would let an eavesdropper fetch a receipt that binds no holder.
            await self._database.transact(lambda tx: use_proof(tx, proof))
        found, payment = await self._database.read(lambda tx: self._find(tx, request_id))
        if payment is None or payment.state != "settling":
            return found
        outcome: Paid | Settling | None
        try:
            outcome = await self._settlement.look(payment)
        except (PaymentMismatch, PaymentPending, PaymentRequestExpired):
            outcome = None  # it failed, or moved elsewhere, just now: asking how it stands is no offence
        if isinstance(outcome, Settling):
            return Status(
                request_id, "settling", found.expires_at, payment.external_id, outcome, payer=payment.payer
            )
        return (await self._database.read(lambda tx: self._find(tx, request_id)))[0]

    def _find(self, tx: Transaction, request_id: str) -> tuple[Status, PaymentRow | None]:
        request = request_store.find(tx, request_id)
        if request is None:
            raise NotFound("There is no such payment request.")
        current = [p for p in store.payments_of(tx, request_id) if p.state in {"settling", "settled"}]
        payment = store.plain(current[0]) if current else None
        over = request.state == "open" and request.expires_at <= self._clock()
        state = "expired" if over or request.state == "forgotten" else request.state
        return (
            Status(
                request_id,
                state,
                request.expires_at,
                transaction=payment.external_id if payment else None,
                payer=payment.payer if payment else None,
                paid=read_paid(tx, request_id) if request.state == "paid" else None,
            ),
            payment,
        )
