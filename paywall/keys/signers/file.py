"""Keys in PEM files (PKCS#8), readable by their owner alone, encrypted or not."""

import os
from pathlib import Path

from paywall.errors import SetupError
from paywall.keys.signers.base import Ask
from paywall.keys.signers.pkcs8 import decrypt, encrypt, is_encrypted, public_part
from paywall.private_files import FILE_MODE, private_folder
from shared.keys import PublicKey, SigningKey


class FileSigner:
    """A key that is in this process's memory."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    @property
    def public(self) -> PublicKey:
        return self._key.public

    async def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class LockedSigner:
    """The public part of an encrypted key, for commands that only look: they need no passphrase."""

    def __init__(self, path: Path, public: PublicKey) -> None:
        self._path = path
        self.public = public

    async def sign(self, _message: bytes) -> bytes:
        raise SetupError(f"The key in {self._path} was not unlocked: this command only looks.")


def open_or_create(path: Path, ask: Ask) -> FileSigner:
    """The key in the file; an unencrypted one is made if there is none. Errors: SetupError."""
    if not path.exists():
        _write(path, SigningKey.generate().to_pem())
    return open_file(path, ask)


def open_file(path: Path, ask: Ask, *, plain_allowed: bool = True) -> FileSigner:
    """Errors: SetupError when there is none, others may read it, the passphrase is wrong, or it is in clear."""
    pem = _read(path)
    if not is_encrypted(pem) and not plain_allowed:
        raise SetupError(
            f"{path} is not encrypted, which is refused on mainnet: `paywall token import {path}` encrypts it."
        )
    return FileSigner(_key(path, pem, ask))


def look_at(path: Path, ask: Ask) -> FileSigner | LockedSigner:
    """Without a passphrase, where the file shows its public part. Errors: SetupError."""
    try:
        public = public_part(_read(path))
    except ValueError as error:
        raise SetupError(f"{path}: {error}.") from error
    return LockedSigner(path, public) if public is not None else open_file(path, ask)


def create(path: Path, key: SigningKey, passphrase: str) -> None:
    """A new encrypted file. Errors: SetupError when something is there: a key is never written over."""
    if path.exists() or not _write(path, encrypt(key, passphrase)):
        raise SetupError(f"{path} is there already; a key is never written over.")


def exchange(path: Path, key: SigningKey, passphrase: str | None) -> Path:
    """Put a new key in the place of the old one, all or nothing; where the old file is kept. Errors: SetupError."""
    pem = _read(path)
    kept = path.with_name(f"{path.stem}-until-{key.public.thumbprint[:8]}{path.suffix}")
    draft = _draft(path, key.to_pem() if passphrase is None else encrypt(key, passphrase))
    _write(kept, pem)
    draft.replace(path)
    return kept


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise SetupError(f"{path} may be read by others (mode {mode:o}); run: chmod 600 '{path}'")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise SetupError(f"There is no key at {path} yet; `paywall token keygen` makes one.") from error
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from error


def _key(path: Path, pem: bytes, ask: Ask) -> SigningKey:
    try:
        return decrypt(pem, ask(f"passphrase of {path}")) if is_encrypted(pem) else SigningKey.from_pem(pem)
    except ValueError as error:
        raise SetupError(f"{path} gives no Ed25519 key: {error}.") from error


def _write(path: Path, pem: bytes) -> bool:
    """All or nothing, and never over a key that is there: another process may make it at the same time."""
    private_folder(path.parent)
    draft = _draft(path, pem)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _draft(path: Path, pem: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
    try:
        os.fchmod(handle, FILE_MODE)
        os.write(handle, pem)
        os.fsync(handle)
    finally:
        os.close(handle)
    return draft
