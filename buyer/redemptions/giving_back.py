"""Giving unused credits of a receipt back: the seller sends their money to who paid."""

from dataclasses import dataclass

from buyer.errors import PaymentRefused, SellerFault, StillPending
from buyer.purchase.receipts import HeldReceipt
from buyer.seller.http import Reply, refusal
from buyer.seller.session import Session
from buyer.seller.typed import count, typed
from shared.text import clean

PATH = "/api/receipts/refund"
DONE, TAKEN, CONFLICT = 200, 202, 409
PENDING = "payment_pending"


@dataclass(frozen=True, slots=True)
class GivenBack:
    """As the seller tells it. Amounts are in minor units of `currency`; `returned` is what arrives, where it is known.

    `state` is due, sending, sent, or by_hand where a person sends it.
    """

    id: str
    state: str
    credits: int
    amount: int
    currency: str
    decimals: int
    returned: int | None
    transaction: str | None


async def give_back(session: Session, receipt: HeldReceipt, credits: int | None, key: str) -> GivenBack:
    """Errors: StillPending while the payment can still be undone, PaymentRefused, SellerFault, SellerUnreachable."""
    reply = await session.http.send(
        "POST",
        PATH,
        body={} if credits is None else {"credits": credits},
        headers={"Idempotency-Key": key},
        auth=session.proof(receipt),
    )
    if reply.status in {DONE, TAKEN}:
        return _read(reply)
    problem = reply.problem()
    if reply.status == CONFLICT and problem.code == PENDING:
        hint = "Ask again later; nothing was taken."
        raise StillPending("payment_pending", "the payment is not final yet", hint=hint, seller_says=problem)
    if reply.status == CONFLICT or reply.refuses:
        hint = "No credit was taken."
        raise PaymentRefused(
            "refund_refused", "the seller gives nothing back", hint=hint, seller_says=problem
        )
    raise refusal(reply)


def _read(reply: Reply) -> GivenBack:
    try:
        told = typed(reply.json(), dict)
        returned, transaction = told.get("returned"), told.get("transaction")
        return GivenBack(
            id=clean(typed(told["refund_id"], str)),
            state=clean(typed(told["state"], str)),
            credits=count(told["credits"]),
            amount=count(told["amount"]),
            currency=clean(typed(told["currency"], str)),
            decimals=count(told["decimals"]),
            returned=None if returned is None else count(returned),
            transaction=None if transaction is None else clean(typed(transaction, str)),
        )
    except (LookupError, TypeError) as error:
        message = "the seller's answer to a refund cannot be read"
        raise SellerFault("refund_malformed", message, seller_says={"detail": clean(str(error))}) from error
