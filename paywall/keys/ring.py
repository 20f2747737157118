"""Which key signs what: a setting names its place, and the adapter for that place is loaded when it is chosen.

(empty)      the file NAME.pem in the data directory; made there, unencrypted, by who signs, except on mainnet
file:PATH    another PEM file
aws-kms:KEY  id, ARN or alias
pkcs11:…     token=LABEL;object=LABEL?module-path=PATH (RFC 7512)
"""

from pathlib import Path
from typing import Literal

from paywall.errors import SetupError
from paywall.keys.identity import Identity
from paywall.keys.passphrases import Passphrases
from paywall.keys.signers.base import Signer
from paywall.keys.signers.file import look_at, open_file, open_or_create
from paywall.settings import Settings

Name = Literal["custody", "seller"]
Purpose = Literal["payment_requests", "receipts", "custody"]
#: one key may serve several purposes; each key is one setting
KEYS: dict[Purpose, Name] = {"payment_requests": "seller", "receipts": "seller", "custody": "custody"}


class KeyRing:
    """The seller's keys by what they are for. Each is opened once, when it is first needed."""

    def __init__(self, settings: Settings, passphrases: Passphrases, *, looking: bool = False) -> None:
        """`looking` asks for no passphrase where it can; such a key cannot sign."""
        self._settings = settings
        self._passphrases = passphrases
        self._looking = looking
        self._opened: dict[Name, Signer] = {}

    def signer(self, purpose: Purpose) -> Signer:
        """Errors: SetupError."""
        name = KEYS[purpose]
        if name not in self._opened:
            self._opened[name] = open_signer(self._settings, name, self._passphrases, looking=self._looking)
        return self._opened[name]

    def identity(self) -> Identity:
        """The seller as a signer of tokens. Errors: SetupError."""
        return Identity(
            requests=self.signer("payment_requests"),
            receipts=self.signer("receipts"),
            public_url=self._settings.public_url or None,
        )

    def own(self, name: str) -> Signer:
        """A key of the data directory by its name, made there when there is none. Errors: SetupError."""
        return open_or_create(self._settings.folder / f"{name}.pem", self._passphrases.ask)


def open_signer(settings: Settings, name: Name, passphrases: Passphrases, *, looking: bool = False) -> Signer:
    """The key of this name; `looking` asks for no passphrase where it can, and then cannot sign. Errors: SetupError."""
    kind, rest = _place(settings, name)
    if kind == "aws-kms":
        from paywall.keys.signers.aws_kms import open_kms

        return open_kms(rest)
    if kind == "pkcs11":
        from paywall.keys.signers.pkcs11 import open_pkcs11

        return open_pkcs11(rest, passphrases.ask)
    path = key_file(settings, name)
    if looking:
        return look_at(path, passphrases.ask)  # never makes one: it would stand in the way of `token keygen`
    if rest or settings.network == "mainnet":
        return open_file(path, passphrases.ask, plain_allowed=settings.network != "mainnet")
    return open_or_create(path, passphrases.ask)


def key_file(settings: Settings, name: Name) -> Path:
    """Where the key lies, or would lie. Errors: SetupError when it is kept in no file."""
    kind, rest = _place(settings, name)
    if kind != "file":
        raise SetupError(f"PAYWALL_{name.upper()}_KEY names no file: the key is made and kept in {kind}.")
    return Path(rest).expanduser() if rest else settings.folder / f"{name}.pem"


def _place(settings: Settings, name: Name) -> tuple[str, str]:
    """(file, aws-kms or pkcs11; what follows)"""
    text = {"custody": settings.custody_key, "seller": settings.seller_key}[name]
    kind, _, rest = text.partition(":") if text else ("file", "", "")
    if kind not in {"file", "aws-kms", "pkcs11"} or (text and not rest):
        raise SetupError(
            f"PAYWALL_{name.upper()}_KEY takes file:PATH, aws-kms:KEY or pkcs11:…, not {text!r}."
        )
    return kind, rest.removeprefix("//") if kind == "file" else rest
