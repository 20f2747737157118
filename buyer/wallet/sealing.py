"""What a passphrase opens: keys stretched from it by scrypt (RFC 7914), and boxes closed by AES-256-GCM."""

import json
import os
from dataclasses import asdict, dataclass
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from buyer.errors import WalletError

_KEY, _SALT, _NONCE = 32, 16, 12
# OWASP Password Storage Cheat Sheet for scrypt: 32 MiB and 0.7 s a guess.
_N, _R, _P = 2**15, 8, 3
# A foreign file must not be able to name more memory or time than this.
_MOST_N, _MOST_R, _MOST_P = 2**20, 16, 16


@dataclass(frozen=True, slots=True)
class Stretching:
    """How a key is made of a passphrase; `salt` in hex."""

    salt: str
    n: int = _N
    r: int = _R
    p: int = _P

    @classmethod
    def new(cls) -> Self:
        return cls(os.urandom(_SALT).hex())

    def key(self, passphrase: str) -> bytes:
        """32 bytes. WalletError for parameters that nobody sane wrote."""
        if not (0 < self.n <= _MOST_N and 0 < self.r <= _MOST_R and 0 < self.p <= _MOST_P):
            raise WalletError("wallet_damaged", "the wallet names absurd parameters for its passphrase")
        kdf = Scrypt(salt=bytes.fromhex(self.salt), length=_KEY, n=self.n, r=self.r, p=self.p)
        return kdf.derive(passphrase.encode())


@dataclass(frozen=True, slots=True)
class LockedKey:
    """A random key in a box that a passphrase opens, so that the passphrase's own key closes nothing else."""

    stretching: Stretching
    box: str

    @classmethod
    def close(cls, key: bytes, passphrase: str, purpose: str) -> Self:
        stretching = Stretching.new()
        return cls(stretching, close(stretching.key(passphrase), key, purpose).hex())

    def open(self, passphrase: str, purpose: str) -> bytes:
        """The key; WalletError `passphrase_wrong`."""
        try:
            return open_box(self.stretching.key(passphrase), bytes.fromhex(self.box), purpose)
        except InvalidTag:
            raise WalletError("passphrase_wrong", f"that is not the passphrase of the {purpose}") from None

    def write(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, stored: bytes) -> Self:
        """What `write` wrote; WalletError for anything else."""
        try:
            document = json.loads(stored)
            return cls(Stretching(**document["stretching"]), document["box"])
        except (ValueError, KeyError, TypeError) as error:
            raise WalletError("wallet_damaged", "the wallet's passphrase cannot be checked") from error


def new_key() -> bytes:
    return os.urandom(_KEY)


def close(key: bytes, content: bytes, name: str) -> bytes:
    """A box that opens with the same key under the same name alone: none can take another's place."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, name.encode())


def open_box(key: bytes, box: bytes, name: str) -> bytes:
    """InvalidTag when the key, the name or a byte is another."""
    return AESGCM(key).decrypt(box[:_NONCE], box[_NONCE:], name.encode())
