"""Shelley addresses (CIP-19): made from a key, checked, and taken apart."""

from hashlib import blake2b

from shared.cardano import bech32
from shared.cardano.network import ledger_id
from shared.keys import PublicKey

KEY_HASH = 28
_ENTERPRISE_KEY = 0b0110
_LENGTHS = dict.fromkeys(range(4), 1 + 2 * KEY_HASH) | {6: 1 + KEY_HASH, 7: 1 + KEY_HASH}
_BYRON = 0b1000


class InvalidAddressError(ValueError):
    """The text is not an address that the given network can pay to."""


def key_hash(key: PublicKey) -> bytes:
    """28 bytes: BLAKE2b-224 of the raw public key, the name by which the ledger knows it."""
    return blake2b(key.raw, digest_size=KEY_HASH).digest()


def enterprise_address(key: PublicKey, network: str) -> str:
    """The address without a staking part that `key` alone can spend from."""
    return from_bytes(bytes([_ENTERPRISE_KEY << 4 | ledger_id(network)]) + key_hash(key))


def check_address(text: str, network: str) -> None:
    """Refuse, with `InvalidAddressError`, what is not a base or enterprise address of `network`."""
    if to_bytes(text)[0] & 0x0F != ledger_id(network):
        raise InvalidAddressError(f"the address belongs to another network than {network}")


def payment_key_hash(address: str) -> bytes | None:
    """The 28-byte hash of the key that spends from `address`; None when a script guards it."""
    raw = to_bytes(address)
    return None if raw[0] >> 4 & 1 else raw[1 : 1 + KEY_HASH]


def to_bytes(text: str) -> bytes:
    """The ledger's bytes of a base or enterprise address. Raises `InvalidAddressError`."""
    try:
        prefix, raw = bech32.decode(text)
    except bech32.Bech32Error as error:
        raise InvalidAddressError(f"not an address: {error}") from None
    # Pointer addresses can no longer be paid to (Conway); staking addresses never could.
    if not raw or _LENGTHS.get(raw[0] >> 4) != len(raw) or prefix != _prefix(raw):
        raise InvalidAddressError("not a base or enterprise address")
    return raw


def from_bytes(raw: bytes) -> str:
    """The text of any address that a transaction output may hold, Byron's in Base58."""
    kind = raw[0] >> 4 if raw else -1
    if kind == _BYRON:
        import base58

        return base58.b58encode(raw).decode()
    pointer = kind in {4, 5} and len(raw) > 1 + KEY_HASH
    if (not pointer and _LENGTHS.get(kind) != len(raw)) or raw[0] & 0x0F > 1:
        raise InvalidAddressError("an output to something that is not an address")
    return bech32.encode(_prefix(raw), raw)


def _prefix(raw: bytes) -> str:
    return "addr" if raw[0] & 0x0F == 1 else "addr_test"
