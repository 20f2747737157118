"""Statements on refunds; each takes the transaction first."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import col, select

from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion
from paywall.payments.tables import PaymentRow
from paywall.rails.base import RefundDraft
from paywall.refunds.tables import RefundInputRow, RefundRow
from shared import strict_json

_COLUMNS = (
    *("id", "account_id", "payment_id", "rail", "option_id", "idempotency_key", "credits", "amount"),
    *("currency", "decimals", "state", "drafts", "tries", "reason", "created_at", "updated_at"),
)
_INSERT = Insertion(RefundRow, _COLUMNS, unless=("account_id", "idempotency_key"))
_HOLD = Insertion(RefundInputRow, ("rail", "input", "refund_id"), unless=("rail", "input"))


def insert(tx: Transaction, row: RefundRow) -> bool:
    """False when its account has a refund under that key."""
    return _INSERT.one(tx, tuple(getattr(row, name) for name in _COLUMNS))


def by_key(tx: Transaction, account_id: str, idempotency_key: str) -> RefundRow | None:
    rows = select(RefundRow).where(
        RefundRow.account_id == account_id, RefundRow.idempotency_key == idempotency_key
    )
    found = tx.session.exec(rows).one_or_none()
    return None if found is None else plain(found)


def find(tx: Transaction, refund_id: str) -> RefundRow | None:
    found = tx.session.get(RefundRow, refund_id)
    return None if found is None else plain(found)


def unsent(
    tx: Transaction, rails: Sequence[str], before: int, limit: int = 100
) -> list[tuple[RefundRow, PaymentRow]]:
    """What is due or under way on these rails and was not touched since `before`, the longest untouched first.

    With the payments that it is of.
    """
    rows = (
        select(RefundRow, PaymentRow)
        .join(PaymentRow, col(PaymentRow.id) == RefundRow.payment_id)
        .where(
            col(RefundRow.state).in_(("due", "sending")),
            col(RefundRow.rail).in_(rails),
            col(RefundRow.updated_at) <= before,
        )
        .order_by(col(RefundRow.updated_at))
        .limit(limit)
    )
    return [(plain(refund), _plain_payment(payment)) for refund, payment in tx.session.exec(rows)]


def listed(tx: Transaction, states: Sequence[str], limit: int) -> list[RefundRow]:
    """The oldest first."""
    rows = select(RefundRow).where(col(RefundRow.state).in_(states)).order_by(col(RefundRow.created_at))
    return [plain(row) for row in tx.session.exec(rows.limit(limit))]


def given_back(tx: Transaction, account_id: str) -> tuple[int, int]:
    """The credits of an account that were given back before, and their money."""
    sums = select(func.coalesce(func.sum(RefundRow.credits), 0), func.coalesce(func.sum(RefundRow.amount), 0))
    credits, amount = tx.session.exec(sums.where(RefundRow.account_id == account_id)).one()
    return int(credits), int(amount)


def paid_by(tx: Transaction, row: RefundRow) -> str:
    """The payment that it is of, by its id at its rail: its transaction says where the money came from."""
    return tx.session.exec(select(PaymentRow.external_id).where(PaymentRow.id == row.payment_id)).one()


def held(tx: Transaction, rail: str) -> frozenset[str]:
    """What the refunds that are under way spend."""
    return frozenset(tx.session.exec(select(RefundInputRow.input).where(RefundInputRow.rail == rail)))


def store_draft(tx: Transaction, row: RefundRow, draft: RefundDraft, now: int) -> bool:
    """Due → sending, with what it is to be sent by. False when it is no longer due."""
    done = tx.session.exec(
        update(RefundRow)
        .where(
            col(RefundRow.id) == row.id, col(RefundRow.state) == "due", col(RefundRow.drafts) == row.drafts
        )
        .values(
            state="sending",
            external_id=draft.external_id,
            rail_state=strict_json.dumps(draft.state),
            returned=draft.amount,
            drafts=row.drafts + 1,
            tries=0,
            updated_at=now,
        )
    )
    return done.rowcount == 1


def hold_inputs(tx: Transaction, row: RefundRow, draft: RefundDraft) -> bool:
    """False when another refund has some of them."""
    return all(_HOLD.one(tx, (row.rail, name, row.id)) for name in sorted(draft.spends))


def note_try(tx: Transaction, row: RefundRow, now: int) -> bool | None:
    """Before a try to send its draft: whether it is the first one; None when it is not to be sent any more."""
    tries = tx.session.exec(
        update(RefundRow)
        .where(*_under_way(row))
        .values(tries=col(RefundRow.tries) + 1, updated_at=now)
        .returning(col(RefundRow.tries))
    ).scalar_one_or_none()
    return None if tries is None else bool(tries == 1)


def move(
    tx: Transaction,
    row: RefundRow,
    state: str,
    now: int,
    *,
    tries: int | None = None,
    reason: str | None = None,
) -> bool:
    """From sending. False when this draft is no longer under way, or was tried another number of times."""
    tried = [] if tries is None else [col(RefundRow.tries) == tries]
    done = tx.session.exec(
        update(RefundRow).where(*_under_way(row), *tried).values(state=state, reason=reason, updated_at=now)
    )
    if done.rowcount == 1:
        tx.session.exec(delete(RefundInputRow).where(col(RefundInputRow.refund_id) == row.id))
    return done.rowcount == 1


def note_look(tx: Transaction, row: RefundRow, now: int) -> bool:
    """Before it is drafted: False when it is no longer due, or somebody else looked at it since it was read."""
    done = tx.session.exec(
        update(RefundRow)
        .where(
            col(RefundRow.id) == row.id,
            col(RefundRow.state) == "due",
            col(RefundRow.updated_at) == row.updated_at,
        )
        .values(updated_at=now)
    )
    return done.rowcount == 1


def to_a_person(tx: Transaction, row: RefundRow, reason: str, now: int) -> bool:
    """Due → by_hand."""
    done = tx.session.exec(
        update(RefundRow)
        .where(col(RefundRow.id) == row.id, col(RefundRow.state) == "due")
        .values(state="by_hand", reason=reason, updated_at=now)
    )
    return done.rowcount == 1


def sent_by_hand(tx: Transaction, refund_id: str, external_id: str, now: int) -> bool:
    """by_hand → sent. False when it does not wait for a person."""
    done = tx.session.exec(
        update(RefundRow)
        .where(col(RefundRow.id) == refund_id, col(RefundRow.state) == "by_hand")
        .values(state="sent", external_id=external_id, returned=col(RefundRow.amount), updated_at=now)
    )
    return done.rowcount == 1


def _under_way(row: RefundRow) -> list[ColumnElement[bool]]:
    return [
        col(RefundRow.id) == row.id,
        col(RefundRow.state) == "sending",
        col(RefundRow.drafts) == row.drafts,
    ]


def plain(row: RefundRow) -> RefundRow:
    """A copy that outlives the transaction's session."""
    return RefundRow.model_validate(row.model_dump())


def _plain_payment(row: PaymentRow) -> PaymentRow:
    return PaymentRow.model_validate(row.model_dump())
