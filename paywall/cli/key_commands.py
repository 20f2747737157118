"""The commands that look after keys: make, import, show, rotate, list."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from paywall.burns.opening import open_custody
from paywall.database.opening import open_database
from paywall.errors import SetupError
from paywall.keys import rotation
from paywall.keys.passphrases import Passphrases
from paywall.keys.ring import KeyRing, key_file
from paywall.keys.signers.file import create, exchange
from paywall.keys.signers.pkcs8 import decrypt, is_encrypted
from paywall.products.images.room import CATALOG
from paywall.sales.catalog import open_catalog
from paywall.settings import Settings
from shared.cardano.addresses import enterprise_address
from shared.cardano.envelope import read_signing_key
from shared.keys import SigningKey


def custody_address(settings: Settings) -> str:
    """Of the custodial wallet. Errors: SetupError."""
    return open_custody(
        settings, KeyRing(settings, Passphrases(settings.passphrase_fd), looking=True)
    ).address


def make_custody_key(settings: Settings) -> tuple[Path, str]:
    """A new key in a new encrypted file; the file and the address. Errors: SetupError."""
    return _keep(settings, SigningKey.generate(), Passphrases(settings.passphrase_fd))


def import_custody_key(settings: Settings, source: Path) -> tuple[Path, str]:
    """A key that is there already, into an encrypted file; the file and the address. Errors: SetupError."""
    passphrases = Passphrases(settings.passphrase_fd)
    try:
        key = _read(source.read_bytes(), source, passphrases)
    except OSError as error:
        raise SetupError(f"{source} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SetupError(f"{source} gives no Ed25519 key: {error}.") from error
    return _keep(settings, key, passphrases)


def rotate_seller_key(settings: Settings) -> tuple[Path, Path]:
    """A new seller key in the place of the old one; the file, and where the old one is kept. Errors: SetupError."""
    path = key_file(settings, "seller")
    if not path.exists():
        raise SetupError(f"There is no key at {path} to rotate; `paywall serve` makes the first one.")
    plain = settings.network != "mainnet" and not is_encrypted(path.read_bytes())
    passphrase = None if plain else Passphrases(settings.passphrase_fd).choose(f"passphrase of {path}")
    return path, exchange(path, SigningKey.generate(), passphrase)


def list_seller_keys(settings: Settings) -> Iterator[str]:
    """A line for each key that verifies. Errors: SetupError."""
    database = open_database(settings.database, writing=False)
    try:
        rows = asyncio.run(database.read(lambda tx: [row.model_copy() for row in rotation.known(tx)]))
    finally:
        database.close()
    keep = rotation.longest_use(
        open_catalog(Path(settings.catalog) if settings.catalog else CATALOG).values(),
        settings.request_seconds,
    )
    for row in rows:
        state = "signs" if row.retired_at is None else f"verifies until {_day(row.retired_at + keep)}"
        yield f"{row.did}  since {_day(row.since)}, {state}"


def _keep(settings: Settings, key: SigningKey, passphrases: Passphrases) -> tuple[Path, str]:
    path = key_file(settings, "custody")
    if path.exists():  # before anybody is asked for a passphrase
        raise SetupError(f"{path} is there already; a key is never written over.")
    create(path, key, passphrases.choose(f"passphrase of {path}"))
    return path, enterprise_address(key.public, settings.chain_network)


def _read(content: bytes, source: Path, passphrases: Passphrases) -> SigningKey:
    """cardano-cli's envelope, or PEM, encrypted or not. Errors: ValueError."""
    if content.lstrip().startswith(b"{"):
        return read_signing_key(content)
    if is_encrypted(content):
        return decrypt(content, passphrases.ask(f"passphrase of {source}"))
    return SigningKey.from_pem(content)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
