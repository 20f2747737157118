"""What may be spent: the call's budget and the owner's limits, over what the wallet has spent; and his approvals.

Store functions; the transaction comes first. The debit asks here inside the transaction that signs, so that no
two buyers side by side can pass one ceiling together. What is checked before that saves questions, and no money.
"""

import sqlite3
from dataclasses import dataclass

from buyer.budget import Budget
from buyer.errors import ApprovalNeeded, UsageError
from buyer.limits import DAY_SECONDS, SpendingLimits, SpentBefore, WantedSpending
from buyer.purchase.record import COUNTED, PurchaseKind
from buyer.wallet import copies, owner
from shared.money import Money
from shared.text import clean

_SPENT = (
    "SELECT COALESCE(SUM(cost_amount), 0) FROM purchases WHERE price_currency = ?1 AND price_decimals = ?2"  # noqa: S608  text of ours
    f" AND {COUNTED}"
)
# A seller is whom it is known as: a second address of the same identity is no second seller.
_SELLER = (
    " AND (origin = ?3 OR origin IN (SELECT origin FROM sellers WHERE did ="
    " (SELECT did FROM sellers WHERE origin = ?3)))"
)
_SAME = "origin = ? AND product = ? AND credits = ? AND amount = ? AND currency = ? AND decimals = ?"


@dataclass(frozen=True, slots=True)
class Approval:
    """A purchase above the owner's threshold; `approved_at` (Unix seconds) is None while it waits for him."""

    id: str
    kind: PurchaseKind
    price: Money
    approved_at: int | None


def spent(db: sqlite3.Connection, *, like: Money) -> Money:
    """All that was ever debited in the currency of `like`, and not given back."""
    return _sum(db, "", like)


def check(db: sqlite3.Connection, wanted: WantedSpending, budget: Budget, *, now: int) -> None:
    """OverBudget unless both the call's budget and the owner's limits allow it on top of what was spent.

    WalletError `wallet_copied` for a copy that does not know yet what was spent.
    """
    copies.check_no_copy(db)
    like = wanted.money
    total = spent(db, like=like)
    limits = owner.limits(db)
    if limits is not None:
        seller = _sum(db, _SELLER, like, wanted.origin)
        # By the clock that signs: a payment of tomorrow counts too.
        day = _sum(db, " AND signed_at > ?3", like, now - DAY_SECONDS)
        limits.check(wanted, SpentBefore(total, seller, day))
    # After the owner's: the call's may be made of his, and must not take the blame.
    budget.check(like, total)


def lacking(
    db: sqlite3.Connection, kind: PurchaseKind, price: Money, *, new_id: str, now: int
) -> Approval | None:
    """The approval that this price still needs, noted for the owner; None when it may be paid as it is."""
    if not (owner.limits(db) or SpendingLimits()).needs_approval(price):
        return None
    row = (new_id, *_key(kind, price), now)
    db.execute(
        "INSERT INTO approvals (id, origin, product, credits, amount, currency, decimals, asked_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (origin, product, credits, amount, currency, decimals) WHERE purchase_id IS NULL DO NOTHING",
        row,
    )
    found = _of_row(
        db.execute(
            f"{_SELECT} WHERE purchase_id IS NULL AND {_SAME}",
            _key(kind, price),
        ).fetchone()
    )
    return found if found.approved_at is None else None


def refusal(approval: Approval) -> ApprovalNeeded:
    """What a buyer is told who has to wait for the owner."""
    hint = (
        "Nothing was paid. This is for the person who owns the wallet: if you want it, run `buyer approve"
        f" {approval.id}` with the owner's passphrase; the same command then goes on."
    )
    message = clean(f"{approval.kind} for {approval.price} waits for the owner's approval {approval.id}")
    return ApprovalNeeded("approval_needed", message, hint=hint)


def use(db: sqlite3.Connection, purchase_id: str, kind: PurchaseKind, price: Money) -> None:
    """Take the approval that this price needs, once; ApprovalNeeded when it is not there (any more)."""
    if not (owner.limits(db) or SpendingLimits()).needs_approval(price):
        return
    changed = db.execute(
        f"UPDATE approvals SET purchase_id = ? WHERE purchase_id IS NULL AND approved_at IS NOT NULL AND {_SAME}",  # noqa: S608  text of ours
        (purchase_id, *_key(kind, price)),
    ).rowcount
    if changed != 1:
        hint = "Nothing was paid. Run the command again: it says what the owner has to approve."
        raise ApprovalNeeded("approval_needed", clean(f"{kind} for {price} is not approved"), hint=hint)


def approve(db: sqlite3.Connection, approval_id: str, *, now: int) -> Approval:
    """Let one purchase be paid at exactly that price, at that seller; again it changes nothing."""
    db.execute(
        "UPDATE approvals SET approved_at = ? WHERE id = ? AND approved_at IS NULL", (now, approval_id)
    )
    row = db.execute(f"{_SELECT} WHERE id = ?", (approval_id,)).fetchone()
    if row is None:
        hint = "See what waits: buyer budget show"
        raise UsageError("approval_unknown", f"nothing waits for an approval {approval_id}", hint=hint)
    return _of_row(row)


def waiting(db: sqlite3.Connection) -> list[Approval]:
    """What the owner is to approve, or has approved for a purchase to come; the oldest first.

    What his limits do not ask him about any more waits for nobody, and waits again when they do.
    """
    limits = owner.limits(db) or SpendingLimits()
    asked = [_of_row(row) for row in db.execute(f"{_SELECT} WHERE purchase_id IS NULL ORDER BY rowid")]
    return [one for one in asked if limits.may_ask_about(one.price)]


_SELECT = "SELECT id, origin, product, credits, amount, currency, decimals, approved_at FROM approvals"


def _of_row(row: tuple[str, str, str, int, int, str, int, int | None]) -> Approval:
    identity, origin, product, credit_count, amount, currency, decimals, approved_at = row
    price = Money(amount, currency, decimals)
    return Approval(identity, PurchaseKind(origin, product, credit_count), price, approved_at)


def _key(kind: PurchaseKind, price: Money) -> tuple[str, str, int, int, str, int]:
    return kind.origin, kind.product, kind.credits, price.amount, price.currency, price.decimals


def _sum(db: sqlite3.Connection, where: str, like: Money, *more: object) -> Money:
    (amount,) = db.execute(_SPENT + where, (like.currency, like.decimals, *more)).fetchone()
    return Money(amount, like.currency, like.decimals)
