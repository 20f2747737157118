"""Backups of a wallet, and what one that was restored must not do: pay before it has looked.

A copy knows nothing of what was paid after it was made. So every copy is made with a mark in it, under which
nothing is signed until `recovering.look` has asked the chain and the sellers; a copy that was put in place by hand
has it too. Where the owner has set limits, no copy pays before he has restored it himself: two files would each
allow all of them.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from buyer.errors import UsageError, WalletError
from buyer.redemptions import series
from buyer.wallet import owner
from buyer.wallet.file import Wallet, put
from buyer.wallet.soundness import check_ours

_MARK = "copied"


def backup(wallet: Wallet, target: Path, *, now: int) -> None:
    """A copy of the whole wallet at `target`, private to its owner; WalletError when something is there already."""
    draft = _draft(target)
    try:
        wallet.copy(draft)
        _mark(draft, now)
        put(draft, target)
    finally:
        draft.unlink()


def restore(source: Path, path: Path, recognise: Callable[[bytes], None] | None = None) -> None:
    """Put a backup where there is no wallet. Errors: WalletError for what is no wallet, or would be written over.

    `recognise` raises unless the owner who is known by that box is there; without it his copy pays nothing.
    """
    if not source.is_file():
        raise UsageError("backup_missing", f"there is no backup at {source}")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path)
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(draft)) as new:
            check_ours(old, source)
            old.backup(new)
            known_by = owner.box(new)
        if known_by is not None and recognise is not None:
            recognise(known_by)
        _mark(draft, None, admitted=recognise is not None)
        put(draft, path)
    finally:
        draft.unlink()


def first_look(db: sqlite3.Connection, *, now: int) -> int | None:
    """When this copy began to look (Unix seconds), which is `now` for the first time; None for no copy.

    WalletError `copy_not_admitted` when the owner did not restore it.
    """
    state = _state(db)
    if state is None:
        return None
    if owner.is_known(db) and not state.get("admitted"):
        hint = (
            "Nothing was paid. This is for the person who owns the wallet: `buyer wallet restore` takes the passphrase"
            " of the owner."
        )
        raise WalletError(
            "copy_not_admitted", "this is a copy of a wallet with a budget, which pays nothing", hint=hint
        )
    since = state.get("looking_since") or now
    _store(db, {**state, "looking_since": since})
    return since


def is_copy(db: sqlite3.Connection) -> bool:
    """Whether nothing may be signed yet."""
    return _state(db) is not None


def looked(db: sqlite3.Connection) -> None:
    """From here on it is the wallet."""
    db.execute("DELETE FROM settings WHERE key = ?", (_MARK,))


def check_no_copy(db: sqlite3.Connection) -> None:
    """WalletError `wallet_copied` while this is a copy that has not looked."""
    if is_copy(db):
        hint = "Nothing was paid. The next purchase asks the chain and the sellers first."
        message = "this wallet was restored, and has not asked yet what was paid since"
        raise WalletError("wallet_copied", message, hint=hint)


def _draft(target: Path) -> Path:
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise UsageError("backup_unwritable", f"cannot write {target}: {error.strerror}") from error
    return draft


def _mark(draft: Path, made_at: int | None, *, admitted: bool = False) -> None:
    with closing(sqlite3.connect(draft)) as db, db:
        state = _state(db) or {"made_at": None}
        # A copy of a copy, too, has to look from its own beginning.
        _store(db, {"made_at": made_at or state["made_at"], "admitted": admitted})
        series.forget(db)


def _state(db: sqlite3.Connection) -> Mapping[str, int | None] | None:
    row = db.execute("SELECT value FROM settings WHERE key = ?", (_MARK,)).fetchone()
    if row is None:
        return None
    state: Mapping[str, int | None] = json.loads(row[0])
    return state


def _store(db: sqlite3.Connection, state: Mapping[str, int | None]) -> None:
    document = json.dumps(dict(state)).encode()
    db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (_MARK, document))
