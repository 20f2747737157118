"""Wallets of earlier versions, brought to the present one in place: every step that is missing, or none."""

import sqlite3
from collections.abc import Callable

from buyer.errors import WalletError
from buyer.wallet.steps.any_rail import any_rail
from buyer.wallet.steps.credits_of_calls import credits_of_calls
from buyer.wallet.steps.gifts_of_credits import gifts_of_credits
from buyer.wallet.steps.one_spelling import one_spelling
from buyer.wallet.steps.own_proofs import own_proofs
from buyer.wallet.steps.owners_limits import owners_limits
from buyer.wallet.steps.payments_in_headers import payments_in_headers
from buyer.wallet.steps.series_of_keys import series_of_keys
from buyer.wallet.steps.uses_of_a_receipt import uses_of_a_receipt

MigrationStep = Callable[[sqlite3.Connection], None]

#: The step at position n brings a wallet of version n + 1 to version n + 2. Released ones are never changed.
STEPS: tuple[MigrationStep, ...] = (
    any_rail,
    own_proofs,
    owners_limits,
    one_spelling,
    uses_of_a_receipt,
    series_of_keys,
    payments_in_headers,
    credits_of_calls,
    gifts_of_credits,
)
VERSION = 1 + len(STEPS)


def migrate(connection: sqlite3.Connection, name: str, steps: tuple[MigrationStep, ...] = STEPS) -> None:
    """Bring the wallet called `name` to the last version, in one transaction.

    WalletError when it is not a wallet, or one of a later version. A connection in autocommit mode is needed.
    """
    latest = 1 + len(steps)
    if _version(connection) == latest:
        return
    # A table is rebuilt by dropping the old one, to which others refer; the whole is checked before the commit.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _run(connection, name, steps)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _run(connection: sqlite3.Connection, name: str, steps: tuple[MigrationStep, ...]) -> None:
    # Read inside the transaction: another process may have been at it meanwhile.
    version, latest = _version(connection), 1 + len(steps)
    if not 1 <= version <= latest:
        raise WalletError("wallet_version", f"{name} is not a wallet that this version of buyer can read")
    for step in steps[version - 1 :]:
        step(connection)
    dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    if dangling:
        raise WalletError("wallet_damaged", f"{name} refers to what it does not hold: {dangling[0]}")
    connection.execute(f"PRAGMA user_version = {latest}")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
