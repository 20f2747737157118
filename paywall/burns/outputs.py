"""Statements on the custodial wallet's outputs: what is ours to spend, by our own record.

The chain's index lags behind its blocks, so what we spent is never asked for again: an output that an
attempt spends stays spent, whatever a query says.
"""

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, or_, update
from sqlmodel import col, select

from paywall.burns.tables import WalletOutputRow
from paywall.database import Transaction
from paywall.statements import Hot
from shared.cardano.build import Built, Utxo

_INSERT = Hot(
    lambda insert: insert(WalletOutputRow).on_conflict_do_nothing(),
    ["tx_hash", "output_index", "lovelace", "tokens", "made_by", "created_at"],
)


def learn(tx: Transaction, outputs: Iterable[Utxo], now: int, *, made_by: str | None = None) -> None:
    """Take up outputs that are new to us; one that is known keeps what is known of it."""
    for output in outputs:
        tx.run(
            _INSERT,
            tx_hash=output.tx_hash,
            output_index=output.index,
            lovelace=output.lovelace,
            tokens=json.dumps(dict(output.tokens)),
            made_by=made_by,
            created_at=now,
        )


def spendable(tx: Transaction, address: str, *, attempts: Sequence[str] = ()) -> list[Utxo]:
    """What is unspent, and what the batch's own earlier `attempts` meant to spend (never what they made)."""
    rows = tx.session.exec(
        select(WalletOutputRow).where(
            or_(col(WalletOutputRow.spent_by).is_(None), col(WalletOutputRow.spent_by).in_(attempts)),
            or_(col(WalletOutputRow.made_by).is_(None), col(WalletOutputRow.made_by).not_in(attempts)),
        )
    )
    return [
        Utxo(row.tx_hash, row.output_index, address, row.lovelace, json.loads(row.tokens)) for row in rows
    ]


def spent_by(tx: Transaction, attempt: str) -> list[tuple[str, int]]:
    rows = tx.session.exec(select(WalletOutputRow).where(WalletOutputRow.spent_by == attempt))
    return [(row.tx_hash, row.output_index) for row in rows]


def spend(tx: Transaction, built: Built, now: int, *, replaces: Sequence[str]) -> None:
    """Record that the attempt `built` spends its inputs and makes its change; undo those it replaces."""
    if replaces:
        tx.session.exec(delete(WalletOutputRow).where(col(WalletOutputRow.made_by).in_(replaces)))
        tx.session.exec(
            update(WalletOutputRow).where(col(WalletOutputRow.spent_by).in_(replaces)).values(spent_by=None)
        )
    for utxo in built.inputs:
        tx.session.exec(
            update(WalletOutputRow)
            .where(
                col(WalletOutputRow.tx_hash) == utxo.tx_hash, col(WalletOutputRow.output_index) == utxo.index
            )
            .values(spent_by=built.id)
        )
    learn(tx, built.change, now, made_by=built.id)


def totals(tx: Transaction, unit: str) -> tuple[int, int]:
    """(lovelace, tokens of `unit`) that we hold unspent, by our own record."""
    rows = tx.session.exec(select(WalletOutputRow).where(col(WalletOutputRow.spent_by).is_(None))).all()
    return sum(row.lovelace for row in rows), sum(json.loads(row.tokens).get(unit, 0) for row in rows)
