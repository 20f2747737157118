"""Purchases in the wallet: each step is stored before the next is taken.

Store functions; the transaction comes first. Which step may follow which is the machine's to say; here each is
one UPDATE guarded by the state that the caller saw. A purchase is `signed` from the moment that its draft and
its evidence are stored, and from then on its cost is spent: it leaves that state by a receipt, or by the
certainty that the payment can never land.
"""

import json
import sqlite3

from buyer.budget import Budget
from buyer.errors import SellerFault, UsageError, WalletError
from buyer.payers.base import Cost, Payer, PaymentDraft
from buyer.purchase import evidence, machine, record
from buyer.purchase.machine import PurchaseEvent, PurchaseState
from buyer.purchase.record import Purchase, PurchaseKind
from shared.money import Money
from shared.tokens.prt import PaymentRequest

_OPEN = "state IN ('wanted', 'requested', 'signed')"


def open_purchase(
    db: sqlite3.Connection, kind: PurchaseKind, *, new_id: str, job_id: str | None, now: int
) -> Purchase:
    """The open purchase of this kind, or else a new one; it belongs to `job_id` from here on."""
    db.execute(
        "INSERT INTO purchases (id, origin, product, credits, state, created_at)"
        " VALUES (?, ?, ?, ?, 'wanted', ?) ON CONFLICT DO NOTHING",
        (new_id, kind.origin, kind.product, kind.credits, now),
    )
    key = (kind.origin, kind.product, kind.credits)
    row = db.execute(
        f"{record.SELECT} WHERE origin = ? AND product = ? AND credits = ? AND {_OPEN}", key
    ).fetchone()
    purchase = record.of_row(row)
    if job_id is not None:
        db.execute("UPDATE purchases SET job_id = ? WHERE id = ?", (job_id, purchase.id))
    return purchase


def find(db: sqlite3.Connection, purchase_id: str) -> Purchase:
    return record.of_row(db.execute(f"{record.SELECT} WHERE id = ?", (purchase_id,)).fetchone())


def named(db: sqlite3.Connection, beginning: str) -> Purchase:
    """The purchase whose id begins so; UsageError when there is none, or more than one."""
    where = f"{record.SELECT} WHERE substr(id, 1, length(?1)) = ?1"
    rows = db.execute(where, (beginning,)).fetchall()
    if len(rows) != 1:
        found = "no purchase" if not rows else f"{len(rows)} purchases"
        message = f"the wallet holds {found} of which the id begins with {beginning!r}"
        raise UsageError("purchase_unknown", message, hint="See: buyer purchases")
    return record.of_row(rows[0])


def unfinished(db: sqlite3.Connection) -> list[Purchase]:
    """What has no end, and what is paid for a job that has none; the oldest first."""
    rows = db.execute(f"{record.SELECT} WHERE state <> 'abandoned' ORDER BY created_at, rowid").fetchall()
    jobs = db.execute(
        "SELECT purchases.id FROM purchases JOIN jobs ON jobs.id = job_id WHERE jobs.state = 'open'"
    )
    at_work = {purchase_id for (purchase_id,) in jobs}
    return [one for one in map(record.of_row, rows) if one.state != "paid" or one.id in at_work]


def others_in_flight(db: sqlite3.Connection, purchase_id: str, payer_id: str) -> bool:
    """Whether another payment of that payer is under way, so that its change may still come back."""
    row = db.execute(
        "SELECT 1 FROM purchases WHERE state = 'signed' AND payer = ? AND id <> ?", (payer_id, purchase_id)
    ).fetchone()
    return row is not None


def store_request(
    db: sqlite3.Connection, purchase: Purchase, token: str, request: PaymentRequest
) -> Purchase:
    """A checked payment request; its price takes the place of an earlier, expired one's."""
    try:
        return _move(
            db,
            purchase,
            "offered",
            payment_request_id=request.id,
            payment_request_token=token,
            expires_at=request.expires_at,
            price_amount=request.price.amount,
            price_currency=request.price.currency,
            price_decimals=request.price.decimals,
        )
    except sqlite3.IntegrityError as error:
        # One payment a request id: a seller that repeats an id would be paid twice for one thing.
        raise SellerFault(
            "request_repeated", f"the seller sent the payment request {request.id} before"
        ) from error


def forget_request(db: sqlite3.Connection, purchase: Purchase) -> Purchase:
    """A payment request expired unpaid. Its price is remembered: the next one may not be higher."""
    return _move(db, purchase, "expired")


def debit(
    db: sqlite3.Connection,
    purchase: Purchase,
    draft: PaymentDraft,
    *,
    budget: Budget,
    cost: Cost,
    payer: Payer,
) -> Purchase:
    """Spend the cost, take the resources, sign, and store draft and evidence: in this order, all or nothing.

    Errors: OverBudget; WalletError `resources_taken` when another purchase took one of them just now,
    `purchase_taken` when this purchase has moved on meanwhile.
    """
    budget.check(cost.money, spent(db, like=cost.money))
    try:
        rows = [(payer.id, reference, purchase.id) for reference in draft.resources]
        db.executemany("INSERT INTO taken_resources VALUES (?, ?, ?)", rows)
    except sqlite3.IntegrityError as error:
        raise WalletError("resources_taken", "another purchase uses what this one would") from error
    return _move(
        db,
        purchase,
        "signed",
        option_id=draft.option_id,
        cost_amount=cost.money.amount,
        payer=payer.id,
        external_id=draft.external_id,
        draft=json.dumps(dict(draft.document)),
        evidence=evidence.write(payer.sign(draft)),
    )


def spent(db: sqlite3.Connection, *, like: Money) -> Money:
    """All that was ever debited in the currency of `like`, and not given back."""
    (amount,) = db.execute(
        "SELECT COALESCE(SUM(cost_amount), 0) FROM purchases"
        " WHERE state IN ('signed', 'paid') AND price_currency = ? AND price_decimals = ?",
        (like.currency, like.decimals),
    ).fetchone()
    return Money(amount, like.currency, like.decimals)


def taken_resources(db: sqlite3.Connection, payer_id: str) -> frozenset[str]:
    """What no other payment of that payer may use."""
    rows = db.execute("SELECT reference FROM taken_resources WHERE payer = ?", (payer_id,))
    return frozenset(reference for (reference,) in rows)


def abandon(db: sqlite3.Connection, purchase: Purchase) -> Purchase:
    """Give up a purchase that can no longer cost anything: its cost and its resources are free again."""
    abandoned = _move(db, purchase, "dead" if purchase.state in {"signed", "released"} else "failed")
    db.execute("DELETE FROM taken_resources WHERE purchase_id = ?", (purchase.id,))
    return abandoned


def release(db: sqlite3.Connection, purchase: Purchase) -> Purchase:
    """Make room for another purchase of the kind. What was signed may land: its cost stays spent.

    Its resources are free: a payment that uses one of them again keeps the released one from landing as well.
    """
    released = _move(db, purchase, "released")
    db.execute("DELETE FROM taken_resources WHERE purchase_id = ?", (purchase.id,))
    return released


def paid(db: sqlite3.Connection, purchase: Purchase) -> Purchase:
    return _move(db, purchase, "receipted")


def _move(db: sqlite3.Connection, purchase: Purchase, event: PurchaseEvent, **changes: object) -> Purchase:
    """Let `event` happen to the purchase as the caller saw it, or to none: whoever comes second is refused.

    The payment request is a part of the guard: an expired one may have given way to another meanwhile. What has
    its receipt moves no more.
    """
    columns = {"state": _column(machine.after(purchase.state, event)), **changes}
    names = ", ".join(f"{name} = ?" for name in columns)
    guard = (purchase.id, _column(purchase.state), purchase.payment_request_id)
    changed = db.execute(
        f"UPDATE purchases SET {names} WHERE id = ? AND state = ? AND payment_request_id IS ?"  # noqa: S608  names of ours
        " AND NOT EXISTS (SELECT 1 FROM receipts WHERE purchase_id = purchases.id)",
        (*columns.values(), *guard),
    ).rowcount
    if changed != 1:
        hint = "Run the command again; it goes on from there."
        raise WalletError(
            "purchase_taken", f"another buyer took up the purchase of {purchase.kind}", hint=hint
        )
    return find(db, purchase.id)


def _column(state: PurchaseState) -> str:
    return "paid" if state == "released" else state
