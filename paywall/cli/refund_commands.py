"""What `paywall refunds` does."""

import asyncio

from paywall.cli.with_seller import with_seller
from paywall.clock import unix_now
from paywall.database.engine import Transaction
from paywall.database.opening import open_database
from paywall.errors import SetupError
from paywall.refunds import store
from paywall.refunds.refund import Refund
from paywall.refunds.tables import RefundRow
from paywall.seller import Seller
from paywall.settings import Settings
from shared.text import clean

#: lines of a list
MOST = 1000
LONGEST_TRANSACTION = 200


def listed(settings: Settings, *, whole: bool) -> list[str]:
    """A line for each. Errors: SetupError."""
    states = ("by_hand", "due", "sending", *(("sent",) if whole else ()))
    database = open_database(settings.database, writing=False)
    try:
        rows = asyncio.run(database.read(lambda tx: _with_payments(tx, states)))
    finally:
        database.close()
    return [_line(row, payment) for row, payment in rows]


def make(settings: Settings, receipt_id: str, credits: int | None, key: str | None) -> str:
    """Errors: SetupError, also for what is refused."""

    async def give_back(seller: Seller) -> str:
        row = await seller.refunding.give_back(receipt_id, credits, key)
        how = "a person is to send it" if row.state == "by_hand" else "the worker sends it"
        return f"{row.id}: {row.credits} credits are taken back for {_money(row)}; {how}."

    return with_seller(settings, give_back)


def done(settings: Settings, refund_id: str, transaction: str) -> str:
    """Errors: SetupError."""
    said = clean(transaction, LONGEST_TRANSACTION)

    async def note(seller: Seller) -> str:
        noted = await seller.database.transact(lambda tx: store.sent_by_hand(tx, refund_id, said, unix_now()))
        if not noted:
            raise SetupError(f"{refund_id} is no refund that waits for a person.")
        return f"{refund_id} is noted as sent."

    return with_seller(settings, note)


def _with_payments(tx: Transaction, states: tuple[str, ...]) -> list[tuple[RefundRow, str]]:
    return [(row, store.paid_by(tx, row)) for row in store.listed(tx, states, MOST)]


def _line(row: RefundRow, payment: str) -> str:
    sent = f"  {row.external_id}" if row.external_id else ""
    why = f"  ({row.reason})" if row.reason else ""
    return f"{row.id}  {row.state:<8} {row.credits:>7} credits  {_money(row)}  of {payment}{sent}{why}"


def _money(row: RefundRow | Refund) -> str:
    whole, part = divmod(row.amount, 10**row.decimals)
    digits = f".{part:0{row.decimals}d}" if row.decimals else ""
    return f"{whole}{digits} {row.currency}"
