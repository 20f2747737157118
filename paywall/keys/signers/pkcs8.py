"""Private keys in PKCS#8 PEM (RFC 7468), encrypted by PBES2 (RFC 8018): PBKDF2-HMAC-SHA256, AES-256-CBC.

`cryptography` reads every iteration count, but writes 2,048, which is no obstacle to guessing any more; so
the few bytes around its primitives are written here. `openssl pkey` reads what this makes: a backup must not
need this program.
"""

import base64
import os

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from shared.keys import InvalidKeyError, PublicKey, SigningKey

ITERATIONS = 600_000  # OWASP Password Storage Cheat Sheet for PBKDF2-HMAC-SHA256: 0.2 s a guess
BEGIN, END = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", b"-----END ENCRYPTED PRIVATE KEY-----\n"

_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA256 = bytes.fromhex("300c06082a864886f70d02090500")
_AES_256_CBC = bytes.fromhex("060960864801650304012a")
_LONG_FORM, _BLOCK, _KEY = 0x80, 16, 32


def is_encrypted(pem: bytes) -> bool:
    return BEGIN.strip() in pem


def encrypt(key: SigningKey, passphrase: str) -> bytes:
    """The encrypted key, and its public part in clear, so that an address can be shown without a passphrase."""
    salt, vector = os.urandom(_BLOCK), os.urandom(_BLOCK)
    derived = PBKDF2HMAC(hashes.SHA256(), _KEY, salt, ITERATIONS).derive(passphrase.encode())
    padder = padding.PKCS7(8 * _BLOCK).padder()
    plain = padder.update(_native(key).private_bytes(*_DER, serialization.NoEncryption())) + padder.finalize()
    cipher = Cipher(algorithms.AES(derived), modes.CBC(vector)).encryptor()
    rounds = _der(_INTEGER, ITERATIONS.to_bytes(3, "big"))
    derivation = _der(_SEQUENCE, _PBKDF2 + _der(_SEQUENCE, _der(_OCTETS, salt) + rounds + _HMAC_SHA256))
    encryption = _der(_SEQUENCE, _AES_256_CBC + _der(_OCTETS, vector))
    scheme = _der(_SEQUENCE, _PBES2 + _der(_SEQUENCE, derivation + encryption))
    whole = _der(_SEQUENCE, scheme + _der(_OCTETS, cipher.update(plain) + cipher.finalize()))
    return BEGIN + base64.encodebytes(whole) + END + key.public.native.public_bytes(*_PUBLIC)


def decrypt(pem: bytes, passphrase: str) -> SigningKey:
    """Errors: InvalidKeyError, for a wrong passphrase or a file of another kind."""
    try:
        native = serialization.load_pem_private_key(pem, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidKeyError("the passphrase is wrong, or it is no encrypted PEM private key") from error
    if not isinstance(native, Ed25519PrivateKey):
        raise InvalidKeyError("the PEM file holds another kind of key than Ed25519")
    key, stated = SigningKey(native), public_part(pem)
    if stated not in {None, key.public}:
        # Whoever exchanged it had `token address` show an address that this key cannot spend from.
        raise InvalidKeyError("the public part in the file is not that of its private key")
    return key


def public_part(pem: bytes) -> PublicKey | None:
    """What stands in the file in clear; None when it was made by another tool."""
    start = pem.find(b"-----BEGIN PUBLIC KEY-----")
    if start < 0:
        return None
    try:
        native = serialization.load_pem_public_key(pem[start:])
        raw = native.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    except ValueError as error:
        raise InvalidKeyError("the public part in the file cannot be read") from error
    return PublicKey(raw)


_DER = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8)
_PUBLIC = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _native(key: SigningKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.seed)


def _der(tag: int, content: bytes) -> bytes:
    """A DER value (X.690) of at most 255 bytes."""
    length = [len(content)] if len(content) < _LONG_FORM else [_LONG_FORM + 1, len(content)]
    return bytes([tag, *length]) + content
