"""Accounts of a bearer, opened past the payments; and all rows of some tables."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import text

from paywall.credits import postings, store
from paywall.database.engine import Transaction
from tests.support.world.redemptions import BEARER, PRODUCT

#: table → its rows as text, each as often as it is there
Rows = dict[str, Counter[str]]


def open_accounts(
    tx: Transaction, accounts: Sequence[str], credits: int, *, now: int, expires_at: int
) -> None:
    for name in accounts:
        store.open_account(
            tx,
            account_id=name,
            owner=BEARER,
            product=PRODUCT,
            opening=postings.grant(f"payment of {name}", credits),
            expires_at=expires_at,
            now=now,
        )


def rows(tx: Transaction, tables: Sequence[str]) -> Rows:
    found = {table: tx.connection.execute(text(f"SELECT * FROM {table}")) for table in tables}
    return {table: Counter(repr(tuple(map(str, row))) for row in rows) for table, rows in found.items()}
