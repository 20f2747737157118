"""Statements on the custodial wallet's outputs: what is ours to spend, by our own record.

The chain's index lags behind its blocks, so what we spent is never asked for again: an output that an
attempt spends stays spent, whatever a query says.
"""

import json
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, delete, func, or_, update
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


def forget(tx: Transaction, outputs: Iterable[OutputReference]) -> None:
    """What is not ours to spend: strangers' scripts, datums and tokens, or what the chain has no more."""
    for output in outputs:
        tx.session.exec(
            delete(WalletOutputRow).where(
                *_is(*output), col(WalletOutputRow.spent_by).is_(None), col(WalletOutputRow.made_by).is_(None)
            )
        )


def spendable(
    tx: Transaction, address: str, on_chain: Collection[OutputReference], *, attempts: Sequence[str] = ()
) -> list[Utxo]:
    """What a new attempt of a batch may spend; `attempts` are the batch's earlier ones.

    Unspent by our record, or meant for an earlier attempt of this batch, or for what was built on one: that
    goes with it (`undo`), so nothing is built on it, and what it was to spend besides is free. Of that, what
    the chain shows, and the change of batches in flight, which it cannot show yet. What our record has unspent
    and the chain does not show was spent by somebody else with our key: never again build on it.
    """
    going = _with_children(tx, attempts)
    rows = tx.session.exec(
        select(WalletOutputRow).where(
            or_(col(WalletOutputRow.spent_by).is_(None), col(WalletOutputRow.spent_by).in_(going)),
            or_(col(WalletOutputRow.made_by).is_(None), col(WalletOutputRow.made_by).not_in(going)),
        )
    )
    flying = _flying(tx)
    return [
        _utxo(row, address)
        for row in rows
        if row.made_by in flying or (row.tx_hash, row.output_index) in on_chain
    ]


def missing(tx: Transaction, on_chain: Collection[OutputReference]) -> list[OutputReference]:
    """What our record has unspent, no batch in flight makes, and the chain does not show."""
    rows = tx.session.exec(select(WalletOutputRow).where(col(WalletOutputRow.spent_by).is_(None)))
    flying = _flying(tx)
    found = [(row.tx_hash, row.output_index) for row in rows if row.made_by not in flying]
    return [one for one in found if one not in on_chain]


def spent_elsewhere(tx: Transaction, output: OutputReference, spender: str) -> None:
    """Another program spent it with our key."""
    tx.session.exec(
        update(WalletOutputRow)
        .where(*_is(*output), col(WalletOutputRow.spent_by).is_(None))
        .values(spent_by=spender)
    )


def came_back(tx: Transaction, on_chain: Collection[OutputReference]) -> None:
    """What another program had spent and the chain shows again: that spender was rolled back."""
    ours = select(BurnAttemptRow.tx_hash)
    gone = select(WalletOutputRow).where(
        col(WalletOutputRow.spent_by).is_not(None), col(WalletOutputRow.spent_by).not_in(ours)
    )
    for row in tx.session.exec(gone).all():
        if (row.tx_hash, row.output_index) in on_chain:
            row.spent_by = None


def count_spent_elsewhere(tx: Transaction) -> int:
    """How many outputs another program spent with our key."""
    ours = select(BurnAttemptRow.tx_hash)
    return int(
        tx.session.exec(
            select(func.count())
            .select_from(WalletOutputRow)
            .where(col(WalletOutputRow.spent_by).is_not(None), col(WalletOutputRow.spent_by).not_in(ours))
        ).one()
    )


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


def stand(
    tx: Transaction, attempt: str, spent: Sequence[OutputReference], change: Sequence[Utxo], now: int
) -> None:
    """An attempt that was given up is on the chain: its inputs are spent, its change is there.

    Who else was to spend one of the inputs can never land, and is undone with all that was built on it.
    """
    rivals = sorted(_claimants(tx, spent) - {attempt})
    _void(tx, rivals)
    undo(tx, rivals)
    tx.session.exec(update(BurnAttemptRow).where(col(BurnAttemptRow.tx_hash) == attempt).values(void=False))
    for output in spent:
        tx.session.exec(update(WalletOutputRow).where(*_is(*output)).values(spent_by=attempt))
    learn(tx, change, now)
    tx.session.exec(
        update(WalletOutputRow).where(col(WalletOutputRow.tx_hash) == attempt).values(made_by=attempt)
    )


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
        _void(tx, children)
        attempts = children


def _void(tx: Transaction, attempts: Sequence[str]) -> None:
    tx.session.exec(update(BurnAttemptRow).where(col(BurnAttemptRow.tx_hash).in_(attempts)).values(void=True))
    tx.session.exec(
        update(BurnBatchRow)
        .where(col(BurnBatchRow.tx_hash).in_(attempts), col(BurnBatchRow.state).in_(IN_FLIGHT))
        .values(state="open", tx_hash=None, block_hash=None, block_height=None, confirmations=0)
    )


def _spenders(tx: Transaction, makers: Sequence[str]) -> list[str]:
    rows = select(WalletOutputRow.spent_by).where(
        col(WalletOutputRow.made_by).in_(makers), col(WalletOutputRow.spent_by).is_not(None)
    )
    return sorted({spender for spender in tx.session.exec(rows) if spender is not None})


def _with_children(tx: Transaction, attempts: Sequence[str]) -> set[str]:
    """The attempts, and all that was built on their change."""
    found, children = set(attempts), list(attempts)
    while children:
        children = [one for one in _spenders(tx, children) if one not in found]
        found.update(children)
    return found


def _claimants(tx: Transaction, outputs: Sequence[OutputReference]) -> set[str]:
    rows = [tx.session.get(WalletOutputRow, output) for output in outputs]
    return {row.spent_by for row in rows if row is not None and row.spent_by is not None}


def _flying(tx: Transaction) -> set[str | None]:
    return set(
        tx.session.exec(
            select(BurnBatchRow.tx_hash).where(
                col(BurnBatchRow.state).in_(IN_FLIGHT), col(BurnBatchRow.tx_hash).is_not(None)
            )
        )
    )


def _is(tx_hash: str, index: int) -> tuple[ColumnElement[bool], ...]:
    return col(WalletOutputRow.tx_hash) == tx_hash, col(WalletOutputRow.output_index) == index


def unspent(tx: Transaction, address: str = "") -> list[Utxo]:
    """What we hold, by our own record."""
    rows = tx.session.exec(select(WalletOutputRow).where(col(WalletOutputRow.spent_by).is_(None)))
    return [_utxo(row, address) for row in rows]


def totals(tx: Transaction, unit: str) -> tuple[int, int]:
    """(lovelace, tokens of `unit`) that we hold unspent, by our own record."""
    ours = unspent(tx)
    return sum(utxo.lovelace for utxo in ours), sum(utxo.tokens.get(unit, 0) for utxo in ours)


def _utxo(row: WalletOutputRow, address: str) -> Utxo:
    return Utxo(row.tx_hash, row.output_index, address, row.lovelace, json.loads(row.tokens))
