"""Statements on the custodial wallet's outputs: what is ours to spend, by our own record.

The chain's index lags behind its blocks, so what we spent is never asked for again: an output that an
attempt spends stays spent, whatever a query says.
"""

import json
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, or_, update
from sqlmodel import col, select

from paywall.burns.states import IN_FLIGHT
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow, WalletOutputRow
from paywall.database.engine import Transaction
from paywall.database.statements import CompiledStatement
from paywall.ops.failpoints import failpoint
from shared.cardano.coins import OutputReference, Utxo
from shared.cardano.draft import Built

_INSERT = CompiledStatement(
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


def spendable(
    tx: Transaction, address: str, on_chain: Collection[OutputReference], *, attempts: Sequence[str] = ()
) -> list[Utxo]:
    """What a new attempt of a batch may spend; `attempts` are the batch's earlier ones.

    Unspent by our record, or meant for an earlier attempt of this batch. Of that, what the chain shows, and
    the change of batches in flight, which it cannot show yet. What our record has unspent and the chain does
    not show was spent by somebody else with our key: never again build on it.
    """
    rows = tx.session.exec(
        select(WalletOutputRow).where(
            or_(col(WalletOutputRow.spent_by).is_(None), col(WalletOutputRow.spent_by).in_(attempts)),
            or_(col(WalletOutputRow.made_by).is_(None), col(WalletOutputRow.made_by).not_in(attempts)),
        )
    )
    flying = set(
        tx.session.exec(
            select(BurnBatchRow.tx_hash).where(
                col(BurnBatchRow.state).in_(IN_FLIGHT), col(BurnBatchRow.tx_hash).is_not(None)
            )
        )
    )
    return [
        Utxo(row.tx_hash, row.output_index, address, row.lovelace, json.loads(row.tokens))
        for row in rows
        if row.made_by in flying or (row.tx_hash, row.output_index) in on_chain
    ]


def spent_by(tx: Transaction, attempt: str) -> list[OutputReference]:
    rows = tx.session.exec(select(WalletOutputRow).where(WalletOutputRow.spent_by == attempt))
    return [(row.tx_hash, row.output_index) for row in rows]


def spend(tx: Transaction, built: Built, now: int) -> None:
    """Record that the attempt `built` spends its inputs and makes its change."""
    for utxo in built.inputs:
        tx.session.exec(
            update(WalletOutputRow)
            .where(
                col(WalletOutputRow.tx_hash) == utxo.tx_hash, col(WalletOutputRow.output_index) == utxo.index
            )
            .values(spent_by=built.id)
        )
    learn(tx, built.change, now, made_by=built.id)


def undo(tx: Transaction, attempts: Sequence[str]) -> None:
    """These attempts can never land: what they meant to spend is free.

    So is what was built on their change: every batch whose attempt spends it is opened again, its attempt
    void, for an attempt that spends what was never made can never land either.
    """
    while attempts:
        children = _spenders(tx, attempts)
        if children:
            failpoint("recover.voiding")
        tx.session.exec(delete(WalletOutputRow).where(col(WalletOutputRow.made_by).in_(attempts)))
        tx.session.exec(
            update(WalletOutputRow).where(col(WalletOutputRow.spent_by).in_(attempts)).values(spent_by=None)
        )
        tx.session.exec(
            update(BurnAttemptRow).where(col(BurnAttemptRow.tx_hash).in_(children)).values(void=True)
        )
        tx.session.exec(
            update(BurnBatchRow)
            .where(col(BurnBatchRow.tx_hash).in_(children), col(BurnBatchRow.state).in_(IN_FLIGHT))
            .values(state="open", tx_hash=None, block_hash=None, block_height=None, confirmations=0)
        )
        attempts = children


def _spenders(tx: Transaction, makers: Sequence[str]) -> list[str]:
    rows = select(WalletOutputRow.spent_by).where(
        col(WalletOutputRow.made_by).in_(makers), col(WalletOutputRow.spent_by).is_not(None)
    )
    return sorted({spender for spender in tx.session.exec(rows) if spender is not None})


def totals(tx: Transaction, unit: str) -> tuple[int, int]:
    """(lovelace, tokens of `unit`) that we hold unspent, by our own record."""
    rows = tx.session.exec(select(WalletOutputRow).where(col(WalletOutputRow.spent_by).is_(None))).all()
    return sum(row.lovelace for row in rows), sum(json.loads(row.tokens).get(unit, 0) for row in rows)
