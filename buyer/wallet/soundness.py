"""Whether a file is a wallet of this user's alone, and whole: looked at before anything is written to it."""

import os
import sqlite3
import stat
from pathlib import Path

from buyer.errors import WalletError
from shared.money import MAX_DECIMALS

#: "buyr", in the header of every wallet since version 4: what else is SQLite is somebody else's
APPLICATION = int.from_bytes(b"buyr", "big")
_TABLES = frozenset({"settings", "sellers", "leases", "purchases", "receipts"})
_FIRST_MARKED = 4
#: prices that are no money: a cell that was changed would stop every look at the purchases
_NO_MONEY = """SELECT count(*) FROM purchases WHERE price_amount IS NOT NULL AND (
    typeof(price_amount) <> 'integer' OR typeof(price_currency) <> 'text' OR price_currency = ''
    OR typeof(price_decimals) <> 'integer' OR price_decimals NOT BETWEEN 0 AND ?)"""


BUSY_SECONDS = 30
EXTRA = 3  # PRAGMA synchronous: FULL, and the directory too once the journal is deleted


def check_private(path: Path) -> None:
    """As ssh does with a key: refuse a file that others on this machine own, can read, or can put another for."""
    try:
        found, folder = path.stat(), path.parent.stat()
    except FileNotFoundError as error:
        hint = "Make one: buyer wallet create"
        raise WalletError("wallet_missing", f"there is no wallet at {path}", hint=hint) from error
    except OSError as error:
        raise WalletError("wallet_unreadable", f"{path} cannot be looked at: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise WalletError("wallet_unreadable", f"{path} is not a file")
    if stat.S_IMODE(found.st_mode) & 0o077:
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        hint = f"It holds a key. Close it to others: chmod 600 '{path}'"
        raise WalletError("wallet_permissions", f"others may open {path} (mode {mode})", hint=hint)
    if found.st_uid != os.geteuid():
        hint = "Use a wallet of your own, or have this one given to you: chown"
        raise WalletError("wallet_owner", f"{path} belongs to another user ({found.st_uid})", hint=hint)
    _check_folder(path.parent, folder)


def check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """WalletError for a file that is damaged, or a database of another program's."""
    try:
        connection.execute("BEGIN")  # one view: another process may bring it to the present version meanwhile
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        marked = application == APPLICATION or (application == 0 and version < _FIRST_MARKED)
        if not marked or not names >= _TABLES:
            raise WalletError("wallet_foreign", f"{path} is a database of another program's, and no wallet")
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        (unpriced,) = connection.execute(_NO_MONEY, (MAX_DECIMALS,)).fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise WalletError("wallet_unreadable", f"{path} is not a wallet: {error}") from error
    finally:
        connection.rollback()
    found = f"{unpriced} prices are no money" if found == "ok" and unpriced else found
    if found != "ok":
        hint = "Keep the file, and go on with a backup: buyer wallet restore FILE"
        raise WalletError("wallet_damaged", f"{path} is damaged: {found}", hint=hint)


def connect(path: Path, *, empty: bool = False) -> sqlite3.Connection:
    """A connection whose commits are durable; `empty` when there is no wallet in the file yet."""
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.OperationalError as error:
        raise WalletError("wallet_unreadable", f"{path} cannot be opened: {error}") from error
    try:
        if not empty:
            check_ours(connection, path)  # before the pragma that would change another program's file
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA foreign_keys = ON")
        (level,) = connection.execute("PRAGMA synchronous").fetchone()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise WalletError("wallet_unreadable", f"{path} is not a wallet: {error}") from error
    except WalletError:
        connection.close()
        raise
    if level != EXTRA:
        connection.close()
        raise WalletError(
            "wallet_not_durable", "this SQLite does not promise that what was written stays written"
        )
    return connection


def _check_folder(folder: Path, found: os.stat_result) -> None:
    # Who may write to the folder can put another wallet in this one's place. A sticky one (/tmp) forbids that.
    if stat.S_IMODE(found.st_mode) & 0o022 and not found.st_mode & stat.S_ISVTX:
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        hint = f"Close it to others: chmod go-w '{folder}'"
        raise WalletError(
            "wallet_permissions", f"others may put files into {folder} (mode {mode})", hint=hint
        )
    if found.st_uid not in {os.geteuid(), 0}:
        raise WalletError("wallet_owner", f"{folder} belongs to another user ({found.st_uid})")
