"""Keys in PEM files (PKCS#8), readable by their owner alone."""

import os
from pathlib import Path

from paywall.errors import SetupError
from shared.keys import PublicKey, SigningKey


class FileSigner:
    def __init__(self, key: SigningKey) -> None:
        self._key = key

    @property
    def public(self) -> PublicKey:
        return self._key.public

    async def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def open_or_create(path: Path) -> FileSigner:
    """The key in the file; made if there is none. Errors: SetupError when others may read it, or it is none."""
    if not path.exists():
        _create(path, SigningKey.generate().to_pem())
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise SetupError(f"{path} may be read by others (mode {mode:o}); run: chmod 600 '{path}'")
    try:
        return FileSigner(SigningKey.from_pem(path.read_bytes()))
    except ValueError as error:
        raise SetupError(f"{path} holds no Ed25519 key in PKCS#8 PEM.") from error


def _create(path: Path, pem: bytes) -> None:
    """All or nothing, and never over a key that is there: another process may make it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(handle, pem)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
