"""The buyer's SQLite file: one key, pinned sellers, purchases, receipts and uses, private to its owner.

Writers are serialised by `BEGIN IMMEDIATE`; any number of processes may share one file. The journal is a
rollback journal and not a WAL: SQLite before 3.51.3 can corrupt a WAL that several connections checkpoint,
and a wallet has as many writers as its owner starts.
"""

import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from buyer.errors import WalletError, nothing
from buyer.wallet import secrecy
from buyer.wallet.migrations import VERSION, migrate
from buyer.wallet.schema import SCHEMA
from buyer.wallet.soundness import APPLICATION, check_private, connect
from shared.cardano.network import NETWORKS
from shared.keys import InvalidKeyError, PublicKey, SigningKey

T = TypeVar("T")


def default_path(environment: Mapping[str, str]) -> Path:
    """`$XDG_DATA_HOME/buyer/wallet.db`, by default `~/.local/share/buyer/wallet.db`."""
    base = environment.get("XDG_DATA_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share"
    return root / "buyer" / "wallet.db"


class Unwritten(Protocol):
    """What a process knows and its wallet does not yet: it goes along with whatever is written next."""

    def write(self, db: sqlite3.Connection) -> None:
        """In the transaction, before its work. It cannot be at fault: the work has nothing to do with it."""

    def written(self) -> None:
        """The transaction is durable."""

    def close(self) -> None:
        """The wallet is about to be closed. Errors: WalletError."""


class Wallet:
    """An open wallet. One instance may be used by several threads; `close()` when done."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, ask: Callable[[], str] | None = None
    ) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()
        self.unwritten: Unwritten | None = None
        settings = dict(connection.execute("SELECT key, value FROM settings").fetchall())
        self.network: str = settings["network"].decode()
        self.public = PublicKey(settings["public"])
        self._lock_box: bytes | None = settings.get("lock")
        boxes, self._key = secrecy.opened(settings, self.public, ask)
        boxes.serve(connection)

    @classmethod
    def create(
        cls, path: Path | str, *, network: str = "cardano:devnet", passphrase: str | None = None
    ) -> "Wallet":
        """A new wallet with a new key, encrypted when there is a passphrase.

        WalletError when the file exists or the network is unknown.
        """
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
            _fill(draft, {"network": network.encode(), **secrecy.new_settings(passphrase)})
            put(draft, path)
        finally:
            draft.unlink()
        return cls.open(path, None if passphrase is None else lambda: passphrase)

    @classmethod
    def open(cls, path: Path | str, ask: Callable[[], str] | None = None) -> "Wallet":
        """An existing wallet, brought to the present version.

        `ask` gives the passphrase of an encrypted one; without it, such a wallet shows what is not secret, and
        signs nothing. WalletError when it is missing, damaged, not a wallet, open to others, or stays locked.
        """
        path = Path(path)
        check_private(path)
        connection = connect(path)
        try:
            migrate(connection, str(path))
            return cls(path, connection, ask)
        except (KeyError, AttributeError, TypeError, InvalidKeyError, UnicodeDecodeError) as error:
            connection.close()
            hint = "Keep the file, and go on with a backup: buyer wallet restore FILE"
            message = f"{path} is damaged: its settings cannot be read"
            raise WalletError("wallet_damaged", message, hint=hint) from error
        except BaseException:
            connection.close()
            raise

    @property
    def key(self) -> SigningKey:
        """The wallet's key; WalletError `wallet_locked` when it was opened without its passphrase."""
        if self._key is None:
            hint = "Give its passphrase: at the terminal, or on a descriptor with --passphrase-fd N."
            raise WalletError("wallet_locked", f"{self.path} is encrypted", hint=hint)
        return self._key

    @property
    def encrypted(self) -> bool:
        return self._lock_box is not None

    @property
    def did(self) -> str:
        """The key as did:key: payer and holder of everything bought from this wallet."""
        return self.public.did

    @property
    def address(self) -> str:
        """Where the wallet's ADA is kept: the enterprise address of its key."""
        from shared.cardano.addresses import enterprise_address

        return enterprise_address(self.public, self.network)

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
                self._check_unchanged()
                if self.unwritten is not None:
                    self.unwritten.write(self._connection)
                result = work(self._connection)
                self._connection.commit()
            except sqlite3.Error as error:
                # A commit that failed for a full disk may leave the transaction open: the next would be refused.
                self._connection.rollback()
                if type(error) not in {sqlite3.OperationalError, sqlite3.DatabaseError}:
                    raise  # a constraint's, which has a meaning where it was met
                hint = "Is the disk full, the file damaged? Nothing of this step was kept; the same command goes on."
                message = f"{self.path} cannot be written: {error}"
                raise WalletError("wallet_unwritable", message, hint=hint) from error
            except BaseException:
                self._connection.rollback()
                raise
            if self.unwritten is not None:
                self.unwritten.written()
            return result

    def read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        """What the file holds, without what is unwritten: a look that waits for no disk."""
        with self._lock:
            try:
                return look(self._connection)
            except sqlite3.Error as error:
                raise WalletError(
                    "wallet_unreadable", f"{self.path} cannot be read: {error}", hint="Try again."
                ) from error

    @property
    def alone(self) -> threading.RLock:
        """Holds up the other threads of this process that would use the wallet."""
        return self._lock

    def rewrite(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Like `transact`; afterwards nothing of what was overwritten is left in the file. Close it then."""
        with self._lock:
            try:
                self._connection.execute("PRAGMA secure_delete = ON")
                # Else VACUUM writes all pages, the seed in clear among them, into the folder for temporary files.
                self._connection.execute("PRAGMA temp_store = MEMORY")
                # First: pages that were freed before may hold secrets too. What `work` overwrites is zeroed.
                self._connection.execute("VACUUM")
            except sqlite3.OperationalError as error:
                hint = "Another buyer is at it, or the disk is full; nothing has changed."
                raise WalletError(
                    "wallet_busy", f"{self.path} cannot be rewritten: {error}", hint=hint
                ) from error
            self.transact(work)

    def copy(self, target: Path) -> None:
        """Write all that the wallet holds to a file that is there and empty, whoever writes to it meanwhile."""
        with self._lock, closing(sqlite3.connect(target)) as copy:
            if self.unwritten is not None:
                self.transact(nothing)
            self._connection.backup(copy)

    def _check_unchanged(self) -> None:
        # Who opened it before it was encrypted would go on to write secrets in clear.
        row = self._connection.execute("SELECT value FROM settings WHERE key = 'lock'").fetchone()
        if (None if row is None else row[0]) != self._lock_box:
            hint = "Run the command again."
            raise WalletError(
                "wallet_changed", f"{self.path} was encrypted or decrypted meanwhile", hint=hint
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """WalletError when what was unwritten cannot be written; it is closed all the same."""
        with self._lock:
            try:
                if self.unwritten is not None:
                    self.unwritten.close()
            finally:
                self._connection.close()


def put(draft: Path, path: Path) -> None:
    """Give a whole file its name. WalletError when something is there: no wallet is ever written over."""
    try:
        # A link never overwrites, and a crash leaves either no wallet or a whole one.
        os.link(draft, path)
    except FileExistsError as error:
        hint = "Use it as it is, or name another file."
        raise WalletError("wallet_exists", f"there is a wallet at {path} already", hint=hint) from error


def _fill(path: Path, settings: dict[str, bytes]) -> None:
    connection = connect(path, empty=True)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            connection.execute(statement)
        connection.executemany("INSERT INTO settings VALUES (?, ?)", settings.items())
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.commit()
    finally:
        connection.close()
