"""Statements on credit accounts and postings; each takes the transaction first."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import BigInteger, bindparam, or_, tuple_, update
from sqlmodel import col, select

from paywall.credits import postings
from paywall.credits.accounts import BY_OPERATOR, Owner
from paywall.credits.postings import Transfer
from paywall.credits.tables import CreditAccountRow, PostingRow
from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion, Values
from paywall.database.statements import CompiledStatement


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's buckets: granted = available + reserved + captured + expired + revoked + moved."""

    granted: int
    available: int
    reserved: int
    captured: int
    expired: int
    revoked: int
    moved: int
    product: str
    expires_at: int
    revoked_by: str | None

    def buckets(self) -> dict[str, int]:
        values = asdict(self)
        return {bucket: values[bucket] for bucket in postings.BUCKETS}


def _account_move(source: str, target: str, *guards: Any) -> CompiledStatement:
    """One UPDATE with its guard in the WHERE clause: no bucket can go below zero, whoever comes at once."""
    account = CreditAccountRow.__table__.c  # type: ignore[attr-defined]
    amount = bindparam("moved", type_=BigInteger)
    return CompiledStatement(
        lambda _insert: (
            update(CreditAccountRow)
            .where(account.id == bindparam("account"), account[source] >= amount, *guards)
            .values({account[source]: account[source] - amount, account[target]: account[target] + amount})
            .returning(account.available)
        )
    )


_POST = Insertion(PostingRow, ["transfer", "source", "target", "account_id", "amount", "created_at"])
_MOVES = {
    (source, target): _account_move(source, target)
    for source, target in (
        *(("reserved", "captured"), ("reserved", "available")),
        *(("available", "expired"), ("available", "revoked"), ("available", "moved")),
        ("revoked", "available"),
    )
}
_account = CreditAccountRow.__table__.c  # type: ignore[attr-defined]
_USABLE = (_account.product == bindparam("which_product"), _account.expires_at > bindparam("not_after"))
#: target → what takes usable credits there
_TAKES = {
    target: _account_move("available", target, *_USABLE)
    for target in ("reserved", "captured", "revoked", "moved")
}


def open_account(
    tx: Transaction,
    *,
    account_id: str,
    owner: Owner,
    product: str,
    opening: Transfer,
    expires_at: int,
    now: int,
    status_index: int | None = None,
) -> None:
    """An account with its first credits: `opening` is a payment's grant, or what a gift hands over."""
    if (opening.source, opening.target) != ("granted", "available"):
        raise ValueError("an account opens with credits that are granted to it")
    tx.session.add(
        CreditAccountRow(
            id=account_id,
            owner_kind=owner.kind,
            owner=owner.name,
            product=product,
            granted=opening.amount,
            available=opening.amount,
            expires_at=expires_at,
            status_index=status_index,
        )
    )
    tx.session.flush()
    post(tx, account_id, opening, now)


def post(tx: Transaction, account_id: str, transfer: Transfer, now: int) -> None:
    """The unique key refuses a transfer that was posted before."""
    _POST.one(tx, _posting(account_id, transfer, now))


def post_many(tx: Transaction, moves: Sequence[tuple[str, Transfer]], now: int) -> bool:
    """`post` of each, on PostgreSQL; False where one was posted before."""
    return _POST.many(tx, [_posting(account_id, transfer, now) for account_id, transfer in moves])


def _posting(account_id: str, transfer: Transfer, now: int) -> Values:
    return transfer.key, transfer.source, transfer.target, account_id, transfer.amount, now


def take(tx: Transaction, account_id: str, product: str, transfer: Transfer, now: int) -> int | None:
    """Take usable credits; those left, or None: too few left, expired, or another product."""
    statement = _TAKES[transfer.target]
    rows = tx.run(statement, account=account_id, moved=transfer.amount, which_product=product, not_after=now)
    if not rows:
        return None
    post(tx, account_id, transfer, now)
    return int(rows[0][0])


def move(tx: Transaction, account_id: str, transfer: Transfer, now: int) -> int:
    """Move credits; the credits then available. The caller holds the guard that makes this happen once."""
    rows = tx.run(_MOVES[transfer.source, transfer.target], account=account_id, moved=transfer.amount)
    if not rows:
        raise AssertionError(f"{transfer.key}: the bucket {transfer.source} of {account_id} is too small")
    post(tx, account_id, transfer, now)
    return int(rows[0][0])


def balance(tx: Transaction, account_id: str) -> Balance | None:
    row = tx.session.get(CreditAccountRow, account_id)
    if row is None:
        return None
    return Balance(
        **{bucket: getattr(row, bucket) for bucket in postings.BUCKETS},
        product=row.product,
        expires_at=row.expires_at,
        revoked_by=row.revoked_by,
    )


def revoke(tx: Transaction, account_id: str, payment_id: str, now: int) -> int:
    """Take back what is available; what is released later goes the same way (`take_back`). How many those were."""
    done = tx.session.exec(
        update(CreditAccountRow)
        .where(col(CreditAccountRow.id) == account_id, col(CreditAccountRow.revoked_by).is_(None))
        .values(revoked_by=payment_id)
        .returning(col(CreditAccountRow.available))
    ).scalar_one_or_none()
    if done:
        move(tx, account_id, postings.revoke(f"{payment_id}:{account_id}", done), now)
    return int(done or 0)


def revoke_for_good(tx: Transaction, account_id: str, now: int) -> int | None:
    """Take back what is available, whatever becomes of the payment. How many those were; None where it was done."""
    revoked_by = col(CreditAccountRow.revoked_by)
    done = tx.session.exec(
        update(CreditAccountRow)
        .where(col(CreditAccountRow.id) == account_id, or_(revoked_by.is_(None), revoked_by != BY_OPERATOR))
        .values(revoked_by=BY_OPERATOR)
        .returning(col(CreditAccountRow.available))
    ).scalar_one_or_none()
    if done:
        move(tx, account_id, postings.revoke(f"{BY_OPERATOR}:{account_id}", done), now)
    return done


def take_back(tx: Transaction, account_id: str, transfer: Transfer, now: int) -> None:
    """After `transfer` gave credits back: where the account was revoked meanwhile, they are revoked as well."""
    row = tx.session.exec(
        select(CreditAccountRow.revoked_by).where(CreditAccountRow.id == account_id)
    ).one_or_none()
    if row is not None:
        move(tx, account_id, postings.revoke(f"{row}:{transfer.key}", transfer.amount), now)


def restore(tx: Transaction, account_id: str, payment_id: str, now: int) -> int:
    """Give back all that was revoked for this payment, which stands after all. How many those were."""
    done = tx.session.exec(
        update(CreditAccountRow)
        .where(col(CreditAccountRow.id) == account_id, col(CreditAccountRow.revoked_by) == payment_id)
        .values(revoked_by=None)
        .returning(col(CreditAccountRow.revoked))
    ).scalar_one_or_none()
    if done:
        move(tx, account_id, postings.restore(f"{payment_id}:{account_id}", done), now)
    return int(done or 0)


#: when an account's credits end, and its id: its place among those that end
PastEnd = tuple[int, str]


def past_end(tx: Transaction, now: int, *, after: PastEnd = (0, ""), limit: int = 100) -> list[PastEnd]:
    """Accounts past their end that still have credits available, behind `after`, in the order of their ends."""
    place = tuple_(col(CreditAccountRow.expires_at), col(CreditAccountRow.id))
    found = (
        select(CreditAccountRow.expires_at, CreditAccountRow.id)
        .where(
            col(CreditAccountRow.expires_at) <= now,
            col(CreditAccountRow.available) > 0,
            place > tuple_(*after),
        )
        .order_by(col(CreditAccountRow.expires_at), col(CreditAccountRow.id))
        .limit(limit)
    )
    return [(expires_at, account_id) for expires_at, account_id in tx.session.exec(found)]


def expire(tx: Transaction, account_id: str, now: int) -> bool:
    """Post what is still available on an account past its end as expired; False when that is nothing."""
    row = tx.session.exec(
        select(CreditAccountRow).where(CreditAccountRow.id == account_id).with_for_update()
    ).one()
    if row.expires_at > now or not row.available:
        return False
    move(tx, account_id, postings.expire(account_id, row.available, row.expired), now)
    return True
