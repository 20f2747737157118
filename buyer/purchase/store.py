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
from buyer.limits import WantedSpending
from buyer.payers.base import Cost, Payer, PaymentDraft
from buyer.purchase import allowance, evidence, machine, record
from buyer.purchase.machine import PurchaseEvent, PurchaseState
from buyer.purchase.record import AskedPayment, Purchase, PurchaseKind
from shared.money import Money
from shared.tokens.prt import PaymentOption

_CREDITS = "NOT EXISTS (SELECT 1 FROM paid_calls WHERE purchase_id = purchases.id)"
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
    purchase = find_open(db, kind)
    assert purchase is not None, "it was there, or is now"
    if job_id is not None:
        if db.execute("SELECT 1 FROM jobs WHERE id = ?", (job_id,)).fetchone() is None:
            raise UsageError("job_unknown", "the wallet has no such job", hint="Leave job_id out.")
        db.execute("UPDATE purchases SET job_id = ? WHERE id = ?", (job_id, purchase.id))
    return purchase


def find_open(db: sqlite3.Connection, kind: PurchaseKind) -> Purchase | None:
    """The one open purchase of this kind."""
    key = (kind.origin, kind.product, kind.credits)
    row = db.execute(
        f"{record.SELECT} WHERE origin = ? AND product = ? AND credits = ? AND {_OPEN}", key
    ).fetchone()
    return None if row is None else record.of_row(row)


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


def store_request(db: sqlite3.Connection, purchase: Purchase, token: str, request: AskedPayment) -> Purchase:
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
            "request_repeated",
            "the seller sent a payment request with an id that it gave before",
            seller_says={"payment_request_id": request.id},
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
    option: PaymentOption,
    now: int,
) -> Purchase:
    """Spend the cost, take the resources, sign, and store draft and evidence: in this order, all or nothing.

    Errors: OverBudget, ApprovalNeeded; WalletError `resources_taken` when another purchase took one of them just now,
    `purchase_taken` when this purchase has moved on meanwhile.
    """
    wanted = WantedSpending(purchase.kind.origin, cost.money, option.network, option.currency)
    allowance.check(db, wanted, budget, now=now)
    allowance.use(db, purchase.id, purchase.kind, cost.money)
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
        signed_at=now,
        payer=payer.id,
        external_id=draft.external_id,
        draft=json.dumps(dict(draft.document)),
        evidence=evidence.write(payer.sign(draft)),
    )


def taken_resources(db: sqlite3.Connection, payer_id: str) -> frozenset[str]:
    """What no other payment of that payer may use."""
    rows = db.execute("SELECT reference FROM taken_resources WHERE payer = ?", (payer_id,))
    return frozenset(reference for (reference,) in rows)


def abandon(db: sqlite3.Connection, purchase: Purchase, *, given_back: bool = True) -> Purchase:
    """Give up a purchase: its resources are free again, and its cost where it can no longer be taken."""
    was_signed = purchase.state in {"signed", "released"}
    event: PurchaseEvent = "failed" if not was_signed else "dead" if given_back else "denied"
    abandoned = _move(db, purchase, event, given_back=given_back)
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


def recovered(db: sqlite3.Connection, purchase: Purchase, option_id: str, *, now: int) -> None:
    """Paid, but not from this copy of the wallet: what was signed is not here, its price is spent all the same."""
    changed = db.execute(
        "UPDATE purchases SET state = 'paid', option_id = COALESCE(option_id, ?), draft = COALESCE(draft, '{}'),"
        " cost_amount = COALESCE(cost_amount, price_amount), payer = COALESCE(payer, 'another copy'),"
        " external_id = COALESCE(external_id, payment_request_id), evidence = COALESCE(evidence, '{}'),"
        " signed_at = COALESCE(signed_at, ?) WHERE id = ? AND state IN ('wanted', 'requested', 'signed')",
        (option_id, now, purchase.id),
    ).rowcount
    if changed != 1:
        raise WalletError("purchase_taken", f"another buyer took up the purchase of {purchase.kind}")


def lost(db: sqlite3.Connection, purchase: Purchase, payment: str, *, now: int) -> None:
    """Paid from another copy of the wallet, and no receipt is to be had: its price stays spent."""
    db.execute(
        "UPDATE purchases SET state = 'abandoned', cost_amount = price_amount, payer = 'another copy',"
        " external_id = ?, signed_at = ? WHERE id = ? AND state IN ('wanted', 'requested')",
        (payment, now, purchase.id),
    )


def note_foreign(db: sqlite3.Connection, payment: str, cost: Money, *, new_id: str, now: int) -> None:
    """Count a payment from another copy of the wallet, of which nothing is known but its cost; once."""
    db.execute(
        "INSERT INTO purchases (id, origin, product, credits, state, created_at, price_amount, price_currency,"
        " price_decimals, cost_amount, payer, external_id, signed_at)"
        " SELECT ?1, 'unknown', 'unknown', 1, 'abandoned', ?2, ?3, ?4, ?5, ?3, 'another copy', ?6, ?2"
        " WHERE NOT EXISTS (SELECT 1 FROM purchases WHERE external_id = ?6)",
        (new_id, now, cost.amount, cost.currency, cost.decimals, payment),
    )


def asked_for(db: sqlite3.Connection) -> list[Purchase]:
    """Every open purchase of credits that has a payment request."""
    rows = db.execute(f"{record.SELECT} WHERE {_CREDITS} AND payment_request_token IS NOT NULL AND {_OPEN}")
    return [record.of_row(row) for row in rows]


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
