"""What the seller counts on a receipt, held against what was bought and used."""

from contextlib import suppress

from buyer.errors import PaymentRefused, SellerError, SellerFault
from buyer.purchase import promises
from buyer.purchase.promises import CreditCounts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import jobs, series
from buyer.redemptions.under_way import UnderWay
from buyer.seller.http import refusal
from buyer.seller.session import Session

UNSURE = (
    "the seller counts {more} credits of {receipt} as taken that this wallet has not noted: another process is using"
    " them, or one was cut off; whoever asks the same again gets what they paid for, without another credit"
)


async def fetch(session: Session, receipt: HeldReceipt) -> CreditCounts:
    """The seller's count; what it took or kept back beyond its promise is noted in the session."""
    found = await count(session, receipt.token)
    owner = UnderWay.of(session.wallet).owner
    cost, unsure = session.wallet.transact(
        lambda db: (jobs.cost(db, receipt.id), series.unsure(db, receipt.id, owner))
    )
    more = found.taken - cost
    if unsure and more > 0:
        # No seller's fault: another process of this wallet is at it, or one was cut off before it could note it.
        session.context.say(UNSURE.format(more=more, receipt=receipt.id))
        cost += more
    session.note(promises.of_balance(receipt, found, cost))
    return found


async def count(session: Session, token: str) -> CreditCounts:
    """What the seller counts on the receipt of that token."""
    reply = await session.http.send("GET", "/api/credits", auth=session.proof(token))
    if not reply.ok:
        raise refusal(reply)
    listed = reply.json()
    # A seller that knows no gifts has moved nothing.
    counts = {bucket: ({"moved": 0} | listed).get(bucket) for bucket in CreditCounts.__slots__}
    if not all(type(count) is int and count >= 0 for count in counts.values()):
        raise SellerFault("credits_malformed", "the seller's count of the credits cannot be read")
    return CreditCounts(**{bucket: int(count or 0) for bucket, count in counts.items()})


async def look(session: Session, receipt: HeldReceipt) -> None:
    """As `fetch`, where nothing hangs on an answer: what was bought or delivered is not lost for want of one."""
    with suppress(SellerError, PaymentRefused):
        await fetch(session, receipt)
