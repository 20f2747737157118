"""The buyer's SQLite file: one key, pinned sellers, purchases, receipts and uses, private to its owner.

Writers are serialised by `BEGIN IMMEDIATE`; any number of processes may share one file. The journal is a
rollback journal and not a WAL: SQLite before 3.51.3 can corrupt a WAL that several connections checkpoint,
and a wallet has as many writers as its owner starts.
"""

import os
import secrets
import sqlite3
import stat
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from buyer.errors import WalletError
from buyer.wallet.migrations import VERSION, migrate
from buyer.wallet.schema import SCHEMA
from shared.cardano.network import NETWORKS
from shared.keys import SigningKey

T = TypeVar("T")

BUSY_SECONDS = 30
EXTRA = 3  # PRAGMA synchronous: FULL, and the directory too once the journal is deleted


def default_path(environment: Mapping[str, str]) -> Path:
    """`$XDG_DATA_HOME/buyer/wallet.db`, by default `~/.local/share/buyer/wallet.db`."""
    base = environment.get("XDG_DATA_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share"
    return root / "buyer" / "wallet.db"


class Wallet:
    """An open wallet. One instance may be used by several threads; `close()` when done."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()
        settings = dict(connection.execute("SELECT key, value FROM settings").fetchall())
        self.network: str = settings["network"].decode()
        self.key = SigningKey.from_seed(settings["seed"])

    @classmethod
    def create(cls, path: Path | str, *, network: str = "cardano:devnet") -> "Wallet":
        """A new wallet with a new key. WalletError when the file exists or the network is unknown."""
        path = Path(path)
        if network not in NETWORKS:
            raise WalletError(
                "network_unknown", f"no such network: {network}", hint=f"One of {', '.join(NETWORKS)}."
            )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        # Private before there is anything to read in it.
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            _fill(draft, {"network": network.encode(), "seed": SigningKey.generate().seed})
            # A link never overwrites, and a crash leaves either no wallet or a whole one.
            os.link(draft, path)
        except FileExistsError as error:
            hint = "Use it as it is, or name another file with --wallet."
            raise WalletError("wallet_exists", f"there is a wallet at {path} already", hint=hint) from error
        finally:
            draft.unlink()
        return cls.open(path)

    @classmethod
    def open(cls, path: Path | str) -> "Wallet":
        """An existing wallet, brought to the present version. WalletError when it is missing, not a wallet, or
        open to others.
        """
        path = Path(path)
        _check_private(path)
        connection = _connect(path)
        try:
            migrate(connection, str(path))
            return cls(path, connection)
        except BaseException:
            connection.close()
            raise

    @property
    def did(self) -> str:
        """The key as did:key: payer and holder of everything bought from this wallet."""
        return self.key.public.did

    @property
    def address(self) -> str:
        """Where the wallet's ADA is kept: the enterprise address of its key."""
        from shared.cardano.addresses import enterprise_address

        return enterprise_address(self.key.public, self.network)

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` all or nothing, alone among every process that has the wallet open; durable on return.

        It takes a plain function so that nobody can wait for the network inside a transaction.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                hint = "Another buyer is writing to it; try again."
                raise WalletError(
                    "wallet_busy", f"{self.path} cannot be written: {error}", hint=hint
                ) from error
            try:
                result = work(self._connection)
                self._connection.commit()
            except sqlite3.OperationalError as error:
                # A commit that failed for a full disk may leave the transaction open: the next would be refused.
                self._connection.rollback()
                hint = (
                    "Nothing of this step was kept, and nothing is lost. Make room; the same command goes on."
                )
                message = f"{self.path} cannot be written: {error}"
                raise WalletError("wallet_unwritable", message, hint=hint) from error
            except BaseException:
                self._connection.rollback()
                raise
            return result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _fill(path: Path, settings: dict[str, bytes]) -> None:
    connection = _connect(path)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            connection.execute(statement)
        connection.executemany("INSERT INTO settings VALUES (?, ?)", settings.items())
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.commit()
    finally:
        connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA foreign_keys = ON")
        (level,) = connection.execute("PRAGMA synchronous").fetchone()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise WalletError("wallet_unreadable", f"{path} is not a wallet: {error}") from error
    if level != EXTRA:
        connection.close()
        raise WalletError(
            "wallet_not_durable", "this SQLite does not promise that what was written stays written"
        )
    return connection


def _check_private(path: Path) -> None:
    """As ssh does with a key: refuse a file that others on this machine can read or write."""
    try:
        found = path.stat()
    except FileNotFoundError as error:
        hint = "Make one: buyer wallet create"
        raise WalletError("wallet_missing", f"there is no wallet at {path}", hint=hint) from error
    if not stat.S_ISREG(found.st_mode):
        raise WalletError("wallet_unreadable", f"{path} is not a file")
    if stat.S_IMODE(found.st_mode) & 0o077:
        mode = f"{stat.S_IMODE(found.st_mode):04o}"
        hint = f"It holds a key. Close it to others: chmod 600 '{path}'"
        raise WalletError("wallet_permissions", f"others may open {path} (mode {mode})", hint=hint)
