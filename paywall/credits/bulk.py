"""Moves of credits on many accounts in one statement, for PostgreSQL: what `store` does one after the other."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paywall.credits import store
from paywall.credits.postings import Transfer
from paywall.database.engine import Transaction
from paywall.database.inserts import PostgresText

#: the sums of many moves in one statement; rows are locked in one order, so that no two groups wait for each other
_MOVE_MANY = """WITH sums AS (SELECT * FROM unnest(%(account)s::text[], %(amount)s::bigint[]) AS s (account, amount)),
    held AS (SELECT id, amount FROM credit_account JOIN sums ON id = account ORDER BY id FOR UPDATE OF credit_account)
    UPDATE credit_account c SET {source} = {source} - amount, {target} = {target} + amount FROM held
    WHERE c.id = held.id AND c.{source} >= amount{guards} RETURNING c.id, c.available"""
_USABLE = " AND c.product = %(which_product)s AND c.expires_at > %(not_after)s"
_MOVES_MANY = {
    (source, target): PostgresText(_MOVE_MANY.format(source=source, target=target, guards=guards))
    for source, target, guards in (
        ("available", "reserved", _USABLE),
        ("available", "captured", _USABLE),
        ("reserved", "captured", ""),
    )
}


@dataclass(frozen=True, slots=True)
class AccountMove:
    """A transfer on an account."""

    account_id: str
    transfer: Transfer


def take(tx: Transaction, moves: Sequence[AccountMove], product: str, now: int) -> list[int] | None:
    """`store.take` of each, in this order; what was left after each. None where one of them cannot be."""
    return _move_many(tx, moves, now, which_product=product, not_after=now)


def capture(tx: Transaction, moves: Sequence[AccountMove], now: int) -> bool:
    """`store.move` of each, reserved → captured; False where one of them cannot be."""
    return _move_many(tx, moves, now) is not None


def _move_many(tx: Transaction, moves: Sequence[AccountMove], now: int, **guards: Any) -> list[int] | None:
    """All of one kind. What was available after each."""
    sums: Counter[str] = Counter()
    for move in moves:
        sums[move.account_id] += move.transfer.amount
    first = moves[0].transfer
    statement = _MOVES_MANY[first.source, first.target]
    left = dict(tx.run(statement, account=list(sums), amount=list(sums.values()), **guards))
    posted = store.post_many(tx, [(one.account_id, one.transfer) for one in moves], now)
    if len(left) != len(sums) or not posted:
        return None
    after: list[int] = []
    for move in reversed(moves):  # the last one saw what is there now
        after.append(left[move.account_id])
        if first.source == "available":
            left[move.account_id] += move.transfer.amount
    return after[::-1]
