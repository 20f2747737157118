"""The wallet's secrets at rest, in clear or encrypted: its seed, and the tokens of its receipts.

An encrypted wallet has a random key; the wallet's passphrase opens the box (`lock`) that it is in. Every secret
is a box of its own under that key. The public key, and what was bought where, stay readable without it.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag

from buyer.errors import WalletError
from buyer.wallet import sealing
from buyer.wallet.sealing import LockedKey
from shared.keys import PublicKey, SigningKey

PURPOSE = "wallet"
_SEED = "seed"
_MARK = "sealed:"


@dataclass(frozen=True)
class SecretTexts:
    """How texts are kept: in boxes under `key`; as they are without one; not at all to be had while `locked`."""

    key: bytes | None = field(default=None, repr=False)
    locked: bool = False

    def serve(self, connection: sqlite3.Connection) -> None:
        """Give SQL `sealed(text, name)` and `unsealed(text, name)`: stores need not know which way it is."""
        connection.create_function("sealed", 2, self.seal, deterministic=False)
        connection.create_function("unsealed", 2, self.unseal, deterministic=False)

    def seal(self, text: str, name: str) -> str:
        if self.locked:
            raise ValueError("the wallet is locked")
        return text if self.key is None else _MARK + sealing.close(self.key, text.encode(), name).hex()

    def unseal(self, text: str, name: str) -> str:
        """The text, empty while locked. ValueError, which SQLite reports, when a box was tampered with."""
        if self.locked or self.key is None:
            return "" if self.locked else text
        try:
            return sealing.open_box(self.key, bytes.fromhex(text.removeprefix(_MARK)), name).decode()
        except InvalidTag:
            raise ValueError("a box in the wallet does not open") from None


def new_settings(passphrase: str | None) -> dict[str, bytes]:
    """What a new wallet knows of its new key."""
    key = SigningKey.generate()
    return {"public": key.public.raw, **_kept(key.seed, passphrase)[1]}


def opened(
    settings: Mapping[str, bytes], public: PublicKey, ask: Callable[[], str] | None
) -> tuple[SecretTexts, SigningKey | None]:
    """The wallet's texts and its key; no key where nobody can be asked for the passphrase.

    Errors: WalletError `passphrase_wrong`, `wallet_damaged`.
    """
    lock, seed, boxes = settings.get("lock"), settings["seed"], SecretTexts()
    if lock is not None:
        if ask is None:
            return SecretTexts(locked=True), None
        boxes = SecretTexts(LockedKey.read(lock).open(ask(), PURPOSE))
        seed = _opened_seed(boxes, seed)
    key = SigningKey.from_seed(seed)
    if key.public != public:
        # Whoever exchanged it had `wallet address` show an address that this key cannot spend from.
        raise WalletError("wallet_damaged", "the wallet's address is not that of its key")
    return boxes, key


def change(settings_key: SigningKey, passphrase: str | None) -> Callable[[sqlite3.Connection], None]:
    """What rewrites the secrets of an open wallet: encrypted with `passphrase`, in clear when None."""
    boxes, kept = _kept(settings_key.seed, passphrase)

    def work(db: sqlite3.Connection) -> None:
        tokens = db.execute("SELECT id, unsealed(token, id) FROM receipts").fetchall()
        db.execute("DELETE FROM settings WHERE key = 'lock'")
        db.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", kept.items())
        rows = [(boxes.seal(token, receipt_id), receipt_id) for receipt_id, token in tokens]
        db.executemany("UPDATE receipts SET token = ? WHERE id = ?", rows)

    return work


def _kept(seed: bytes, passphrase: str | None) -> tuple[SecretTexts, dict[str, bytes]]:
    if passphrase is None:
        return SecretTexts(), {_SEED: seed}
    key = sealing.new_key()
    lock = LockedKey.close(key, passphrase, PURPOSE).write()
    return SecretTexts(key), {_SEED: sealing.close(key, seed, _SEED), "lock": lock}


def _opened_seed(boxes: SecretTexts, box: bytes) -> bytes:
    assert boxes.key is not None
    try:
        return sealing.open_box(boxes.key, box, _SEED)
    except InvalidTag:
        raise WalletError("wallet_damaged", "the wallet's key does not open with its passphrase") from None
