"""What the wallet's owner has set, in the wallet: his limits, and what he is known by.

His passphrase is not the wallet's: whoever drives the command may pay, and only he may change how much. It
holds against programs that are given the command; who can write to the file can take the money outright.
Store functions; the transaction comes first.
"""

import json
import sqlite3
from collections.abc import Mapping
from hashlib import sha256
from secrets import compare_digest
from typing import Any

from buyer.errors import UsageError
from buyer.limits import CEILINGS, DEFAULT_PER_PURCHASE, SpendingLimits
from buyer.wallet import chains
from buyer.wallet.file import Wallet
from buyer.wallet.sealing import LockedKey, new_key
from shared.cardano.network import DEVNET

OWNER = "owner of the wallet"
UNLIMITED = "none"


def limits(db: sqlite3.Connection) -> SpendingLimits | None:
    """None while the owner has set none. With a budget, one purchase has a ceiling unless he took it away."""
    stored = _setting(db, "limits")
    if stored is None:
        return None
    document = json.loads(stored)
    return SpendingLimits.read({**document, "per_purchase": _per_purchase(document)})


def is_known(db: sqlite3.Connection) -> bool:
    """Whether there is an owner's passphrase."""
    return box(db) is not None


def box(db: sqlite3.Connection) -> bytes | None:
    """What the owner is known by, None where there is none."""
    return _setting(db, "owner")


def introduction(passphrase: str) -> bytes:
    """What an owner is known by: a box that his passphrase opens. It takes a second, so outside of transactions."""
    return LockedKey.close(new_key(), passphrase, OWNER).write()


def recognised(wallet: Wallet, passphrase: str) -> bytes:
    """The owner's box, opened by his passphrase; WalletError `passphrase_wrong`, UsageError when there is none."""
    stored = wallet.transact(box)
    if stored is None:
        hint = "Set one first: buyer budget set"
        raise UsageError("budget_unset", "this wallet has no budget and no owner's passphrase", hint=hint)
    check(stored, passphrase)
    return stored


def check(known_by: bytes, passphrase: str) -> None:
    """WalletError `passphrase_wrong` unless it is that of the owner who is known by this box."""
    LockedKey.read(known_by).open(passphrase, OWNER)


def store(db: sqlite3.Connection, new: SpendingLimits, known_by: bytes) -> None:
    """Set the limits; `known_by` is the box that was opened, or the first one.

    UsageError when another owner was there first: two first calls at once must not both believe that they won.
    """
    db.execute("INSERT INTO settings VALUES ('owner', ?) ON CONFLICT DO NOTHING", (known_by,))
    if not compare_digest(sha256(box(db) or b"").digest(), sha256(known_by).digest()):
        raise UsageError(
            "budget_set_meanwhile", "somebody else set the budget meanwhile; see: buyer budget show"
        )
    document = json.dumps(
        {**new.as_json(), "per_purchase": UNLIMITED if new.per_purchase is None else str(new.per_purchase)}
    ).encode()
    db.execute("INSERT OR REPLACE INTO settings VALUES ('limits', ?)", (document,))


def _per_purchase(document: Mapping[str, Any]) -> str | None:
    """An owner who named none has the usual one, which no flag of a call raises; budgets of old say null for it.

    One in another currency has none: whoever sets such a budget now is made to name it.
    """
    named: str | None = document.get("per_purchase")
    if named is not None:
        return None if named == UNLIMITED else named
    ceilings = [document.get(name) for name in CEILINGS]
    usual = DEFAULT_PER_PURCHASE
    return str(usual) if all(one.endswith(f" {usual.currency}") for one in ceilings if one) else None


def environment(wallet: Wallet, given: Mapping[str, str]) -> Mapping[str, str]:
    """The variables, with the owner's chain in place of one that a caller names."""
    own = wallet.transact(limits)
    return given if own is None or own.chain is None else {**given, chains.VARIABLE: own.chain}


def believes_chain(wallet: Wallet, network: str, given: Mapping[str, str]) -> bool:
    """Whether the chain that is asked is one that the buyer chose, so that its word gives a price back.

    On a devnet it is the seller's unless another is named; and where the owner has set limits, a variable of
    whoever drives the command is not his word.
    """
    own, named = wallet.transact(limits), bool(given.get(chains.VARIABLE))
    if own is None:
        return named or network != DEVNET
    return own.chain is not None or (network != DEVNET and not named)


def _setting(db: sqlite3.Connection, key: str) -> bytes | None:
    row = db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return None if row is None else bytes(row[0])
