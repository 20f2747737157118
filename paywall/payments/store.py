"""Statements on payments and receipts; each takes the transaction first."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlmodel import col, select

from paywall.database.engine import Transaction
from paywall.database.statements import CompiledStatement
from paywall.payments.tables import PaymentInputRow, PaymentRow, ReceiptRow
from paywall.rails.base import CheckedPayment, StoredPayment
from paywall.redemptions.holder_proofs import count_once
from paywall.sales.tables import PaymentRequestRow
from shared import strict_json


def payment(tx: Transaction, rail: str, external_id: str) -> PaymentRow | None:
    return tx.session.exec(
        select(PaymentRow).where(PaymentRow.rail == rail, PaymentRow.external_id == external_id)
    ).one_or_none()


def payment_of(tx: Transaction, receipt: ReceiptRow) -> PaymentRow:
    """The payment that a receipt was issued for."""
    return tx.session.exec(select(PaymentRow).where(PaymentRow.id == receipt.payment_id)).one()


def payments_of(tx: Transaction, request_id: str) -> list[PaymentRow]:
    """Newest first."""
    rows = select(PaymentRow).where(PaymentRow.payment_request_id == request_id)
    return list(tx.session.exec(rows.order_by(col(PaymentRow.created_at).desc())))


def receipt(tx: Transaction, receipt_id: str) -> ReceiptRow | None:
    return tx.session.get(ReceiptRow, receipt_id)


def receipt_of(tx: Transaction, request_id: str) -> ReceiptRow | None:
    return tx.session.exec(
        select(ReceiptRow).where(ReceiptRow.payment_request_id == request_id)
    ).one_or_none()


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What a claim becomes when it is stored."""

    id: str
    payment_request_id: str
    rail: str
    option_id: str
    payer: str
    signed: bool
    checked: CheckedPayment


_INSERT_PAYMENT = CompiledStatement(
    # Invariant 6: the unique key on (rail, external id) decides who was first, the one on the request which of
    # its payments settles. Only those keys are passed over in silence; a broken CHECK still raises.
    lambda insert: insert(PaymentRow).on_conflict_do_nothing().returning(PaymentRow.__table__.c.id),  # type: ignore[attr-defined]
    [
        *("id", "payment_request_id", "rail", "external_id", "option_id", "payer", "signed", "amount"),
        *("rail_state", "state", "tries", "reason", "created_at", "updated_at"),
    ],
)


_HOLD_INPUT = CompiledStatement(
    lambda insert: insert(PaymentInputRow).on_conflict_do_nothing().returning(col(PaymentInputRow.input)),
    ["rail", "input", "payment_id"],
)


def insert_payment(
    tx: Transaction, new: NewPayment, state: str, now: int, *, reason: str | None = None
) -> bool:
    """False when this payment, or another settling payment of the request, is there already."""
    rows = tx.run(
        _INSERT_PAYMENT,
        id=new.id,
        payment_request_id=new.payment_request_id,
        rail=new.rail,
        external_id=new.checked.external_id,
        option_id=new.option_id,
        payer=new.payer,
        signed=new.signed,
        amount=new.checked.amount,
        rail_state=strict_json.dumps(new.checked.state),
        state=state,
        tries=0,
        reason=reason,
        created_at=now,
        updated_at=now,
    )
    return bool(rows)


def claim_again(
    tx: Transaction, row: PaymentRow, new: NewPayment, state: str, now: int, *, reason: str | None = None
) -> bool:
    """A payment that is not on its way any more, as its new claim has it. False when it moved meanwhile.

    What failed has taken no money, so that it is nobody's: the next claim of it may be another request's.
    """
    done = tx.session.exec(
        update(PaymentRow)
        .where(
            col(PaymentRow.id) == row.id,
            col(PaymentRow.state) == row.state,
            col(PaymentRow.payment_request_id) == row.payment_request_id,
        )
        .values(
            payment_request_id=new.payment_request_id,
            option_id=new.option_id,
            payer=new.payer,
            signed=new.signed,
            amount=new.checked.amount,
            rail_state=strict_json.dumps(new.checked.state),
            state=state,
            reason=reason,
            tries=0,
            created_at=now,
            updated_at=now,
        )
    )
    return done.rowcount == 1


def move_payment(
    tx: Transaction,
    payment_id: str,
    state: str,
    now: int,
    *,
    reason: str | None = None,
    tries: int | None = None,
) -> bool:
    """Settling → `state`. False when it is not settling, or was tried another number of times than `tries`."""
    tried = [] if tries is None else [col(PaymentRow.tries) == tries]
    done = tx.session.exec(
        update(PaymentRow)
        .where(col(PaymentRow.id) == payment_id, col(PaymentRow.state) == "settling", *tried)
        .values(state=state, reason=reason, tries=0, updated_at=now)
    )
    if done.rowcount == 1:
        tx.session.exec(delete(PaymentInputRow).where(col(PaymentInputRow.payment_id) == payment_id))
    return done.rowcount == 1


def hold_inputs(tx: Transaction, rail: str, inputs: Iterable[str], payment_id: str) -> bool:
    """Promise what it spends to a payment until it is no longer settling. False when another has some of it."""
    return all(tx.run(_HOLD_INPUT, rail=rail, input=name, payment_id=payment_id) for name in sorted(inputs))


def use_claim(tx: Transaction, payment: PaymentRow, showing: str) -> bool:
    """Whether this showing of the payment's evidence is the first that is given the receipt; it counts once."""
    receipt = receipt_of(tx, payment.payment_request_id)
    assert receipt is not None
    return count_once(tx, f"claim of {payment.id}", showing, receipt.expires_at)


def insert_receipt(tx: Transaction, row: ReceiptRow) -> None:
    tx.session.add(row)
    tx.session.flush()


def settling(tx: Transaction, limit: int = 100) -> list[PaymentRow]:
    """Payments that a crash or a slow chain left to be settled, the longest untouched first."""
    rows = (
        select(PaymentRow)
        .where(PaymentRow.state == "settling")
        .order_by(col(PaymentRow.updated_at))
        .limit(limit)
    )
    return list(tx.session.exec(rows))


def forget_unpaid(tx: Transaction, before: int, limit: int) -> int:
    """Delete open payment requests without any payment that expired before; how many, at most `limit`."""
    paid = select(PaymentRow.id).where(PaymentRow.payment_request_id == PaymentRequestRow.id).exists()
    found = (
        select(PaymentRequestRow.id)
        .where(PaymentRequestRow.state == "open", col(PaymentRequestRow.expires_at) < before, ~paid)
        .order_by(col(PaymentRequestRow.expires_at))
        .limit(limit)
    )
    done = tx.session.exec(
        delete(PaymentRequestRow).where(
            col(PaymentRequestRow.id).in_(list(tx.session.exec(found))),
            col(PaymentRequestRow.state) == "open",
        )
    )
    return int(done.rowcount)


def note_try(tx: Transaction, payment_id: str, now: int) -> bool | None:
    """Before a try to settle it: whether it is the first one; None when it is no longer to be settled."""
    tries = tx.session.exec(
        update(PaymentRow)
        .where(col(PaymentRow.id) == payment_id, col(PaymentRow.state) == "settling")
        .values(tries=col(PaymentRow.tries) + 1, updated_at=now)
        .returning(col(PaymentRow.tries))
    ).scalar_one_or_none()
    return None if tries is None else bool(tries == 1)


def plain(row: PaymentRow) -> PaymentRow:
    """A copy that outlives the transaction's session."""
    return PaymentRow.model_validate(row.model_dump())


def for_rail(row: PaymentRow, *, first: bool = False) -> StoredPayment:
    """The row as its rail takes it; `first` when no try to settle it was made before."""
    return StoredPayment(
        id=row.id,
        external_id=row.external_id,
        option_id=row.option_id,
        payer=row.payer,
        state=json.loads(row.rail_state),
        first=first,
        claimed_at=row.created_at,
    )
