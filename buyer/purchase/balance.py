"""What the seller counts on a receipt, held against what was bought and used."""

from contextlib import suppress

from buyer.errors import PaymentRefused, SellerError, SellerFault
from buyer.purchase import promises
from buyer.purchase.promises import CreditCounts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import jobs
from buyer.seller.http import refusal
from buyer.seller.session import Session


async def fetch(session: Session, receipt: HeldReceipt) -> CreditCounts:
    """The seller's count; what it took or kept back beyond its promise is noted in the session."""
    reply = await session.http.send("GET", "/api/credits", auth=session.proof(receipt))
    if not reply.ok:
        raise refusal(reply)
    listed = reply.json()
    # A seller that knows no gifts has moved nothing.
    counts = {bucket: ({"moved": 0} | listed).get(bucket) for bucket in CreditCounts.__slots__}
    if not all(type(count) is int and count >= 0 for count in counts.values()):
        raise SellerFault("credits_malformed", "the seller's count of the credits cannot be read")
    found = CreditCounts(**{bucket: int(count or 0) for bucket, count in counts.items()})
    cost = session.wallet.transact(lambda db: jobs.cost(db, receipt.id))
    session.note(promises.of_balance(receipt, found, cost))
    return found


async def look(session: Session, receipt: HeldReceipt) -> None:
    """As `fetch`, where nothing hangs on an answer: what was bought or delivered is not lost for want of one."""
    with suppress(SellerError, PaymentRefused):
        await fetch(session, receipt)
