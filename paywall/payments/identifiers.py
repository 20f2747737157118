"""Statements on payers' identifiers of payments; each takes the transaction first."""

from sqlalchemy import update
from sqlmodel import col, select

from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion
from paywall.payments.tables import PaymentIdentifierRow, PaymentRow

_INSERT = Insertion(PaymentIdentifierRow, ("identifier", "payment_id"), unless=["identifier"])


def stands_for_another(tx: Transaction, identifier: str, rail: str, external_id: str) -> bool:
    """Whether it names another payment, one that did not fail."""
    row = _named(tx, identifier)
    return row is not None and row.state != "failed" and (row.rail, row.external_id) != (rail, external_id)


def is_payers(identifier: str) -> bool:
    """Whether it is an Idempotency-Key, which may be as plain as "1": each payer has keys of his own."""
    return " " in identifier


def name(tx: Transaction, identifier: str, payer: str, payment_id: str) -> bool:
    """Let it name a payment from here on; the unique key decides. False when it names another that did not fail."""
    if is_payers(identifier):
        identifier = f"{identifier} {payer}"
    if _INSERT.one(tx, (identifier, payment_id)):
        return True
    row = _named(tx, identifier)
    assert row is not None
    if row.id == payment_id or row.state != "failed":
        return row.id == payment_id
    done = tx.session.exec(
        update(PaymentIdentifierRow)
        .where(
            col(PaymentIdentifierRow.identifier) == identifier, col(PaymentIdentifierRow.payment_id) == row.id
        )
        .values(payment_id=payment_id)
    )
    return done.rowcount == 1


def _named(tx: Transaction, identifier: str) -> PaymentRow | None:
    return tx.session.exec(
        select(PaymentRow)
        .join(PaymentIdentifierRow, col(PaymentIdentifierRow.payment_id) == PaymentRow.id)
        .where(PaymentIdentifierRow.identifier == identifier)
    ).one_or_none()
