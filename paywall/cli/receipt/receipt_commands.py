"""What `paywall receipts` does."""

import asyncio
from datetime import UTC, datetime
from typing import TypeVar

from paywall.cli.with_seller import with_seller
from paywall.credits.accounts import BY_OPERATOR
from paywall.credits.postings import BUCKETS
from paywall.database.engine import TransactFn
from paywall.database.opening import open_database
from paywall.errors import SetupError
from paywall.revocations import store
from paywall.revocations.store import KnownReceipt
from paywall.seller import Seller
from paywall.settings import Settings

T = TypeVar("T")
#: lines of a list
MOST = 1000


def listed(settings: Settings, *, revoked: bool) -> list[str]:
    """A line for each. Errors: SetupError."""
    found = _look(settings, lambda tx: store.newest(tx, MOST, revoked=revoked))
    return [_line(one) for one in found]


def shown(settings: Settings, receipt_id: str) -> dict[str, str]:
    """Name → value. Errors: SetupError."""
    found = _look(settings, lambda tx: store.find(tx, receipt_id))
    if found is None:
        raise SetupError("There is no such receipt.")
    account, payment, revocation = found.account, found.payment, found.revocation
    told = {
        "receipt": account.id,
        "holder": account.owner or "whoever shows it",
        "product": account.product,
        "credits": ", ".join(f"{getattr(account, bucket)} {bucket}" for bucket in BUCKETS),
        "expires": _date(account.expires_at),
        "standing": _standing(found),
    }
    if payment is not None:
        told["payment"] = f"{payment.state}, {payment.rail} {payment.external_id}, by {payment.payer}"
    told |= _gifts(found)
    if revocation is not None and revocation.reason:
        told["reason"] = revocation.reason
    return told


def _gifts(found: KnownReceipt) -> dict[str, str]:
    told = {}
    if found.received is not None:
        told["from"] = f"{found.received.account_id}, {found.received.credits} credits"
    if found.given:
        told["given"] = "; ".join(f"{one.credits} to {one.holder} as {one.receipt_id}" for one in found.given)
    return told


def revoke(settings: Settings, receipt_id: str, reason: str | None) -> str:
    """Errors: SetupError, also for what is refused."""

    async def take_back(seller: Seller) -> str:
        credits = await seller.revoking.revoke(receipt_id, reason)
        if credits is None:
            return f"{receipt_id} was revoked before."
        return f"{receipt_id} is revoked: {credits} credits are taken back."

    return with_seller(settings, take_back)


def transfer(
    settings: Settings, receipt_id: str, to: str, credits: int | None, key: str | None
) -> tuple[str, str]:
    """What was done, and the new receipt's token. Errors: SetupError, also for what is refused."""

    async def give(seller: Seller) -> tuple[str, str]:
        gift = await seller.giving.give(receipt_id, to, credits, key)
        return f"{gift.receipt_id} has {gift.credits} credits of {receipt_id} for {gift.holder}.", gift.token

    return with_seller(settings, give)


def _look(settings: Settings, read: TransactFn[T]) -> T:
    database = open_database(settings.database, writing=False)
    try:
        return asyncio.run(database.read(read))
    finally:
        database.close()


def _line(found: KnownReceipt) -> str:
    account = found.account
    counts = f"{account.available:>7} of {account.granted:>7} {account.product}"
    return f"{account.id}  {counts}  until {_date(account.expires_at)}  {_standing(found)}"


def _standing(found: KnownReceipt) -> str:
    match found.account.revoked_by:
        case None:
            return "good"
        case by if by == BY_OPERATOR:
            return "revoked by the operator"
        case _:
            return "revoked, for its payment was undone"


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
