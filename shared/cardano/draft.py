"""A transaction in two steps: drafted here, signed by a key that may live elsewhere."""

from dataclasses import dataclass, replace
from hashlib import blake2b

import cbor2

from shared.cardano.coins import Utxo
from shared.keys import PublicKey

_ANY_SIGNATURE = bytes(64)
_NO_METADATA = b"\xf6"
_FOUR_PARTS, _VALID = b"\x84", b"\xf5"
_ONE_KEY = b"\x00"


@dataclass(frozen=True, slots=True)
class Built:
    """A signed transaction. `change` are the outputs that come back to us, spendable as they stand."""

    id: str
    raw: bytes
    fee: int
    inputs: tuple[Utxo, ...]
    change: tuple[Utxo, ...]
    expiry_slot: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction that lacks only the signature of `key`, over the 32 bytes that `id` spells in hex.

    The bytes are made once and then frozen: what is looked at, signed, stored and submitted is one and the
    same. `witnesses` is the witness set (CBOR) as it is without the key's entry, `auxiliary` the metadata.
    The outputs in `change` have no transaction hash yet.
    """

    body_bytes: bytes
    fee: int
    inputs: tuple[Utxo, ...]
    change: tuple[Utxo, ...]
    expiry_slot: int
    key: PublicKey
    witnesses: bytes
    auxiliary: bytes | None

    @property
    def id(self) -> str:
        """The transaction id: BLAKE2b-256 of the body, in hex."""
        return blake2b(self.body_bytes, digest_size=32).hexdigest()

    @property
    def unsigned(self) -> bytes:
        """The whole transaction without a signature, for `guard_burn` to look at."""
        return self._whole(None)

    def size(self) -> int:
        """Bytes of the transaction once it is signed."""
        return len(self._whole(_ANY_SIGNATURE))

    def sign(self, public_key: PublicKey, signature: bytes) -> Built:
        """Attach the signature; `ValueError` when it is not `key`'s over this transaction."""
        identity = self.id
        # A remote signer that answers with another key or a stale signature must not get us a refused submit.
        if public_key.raw != self.key.raw or not public_key.verify(signature, bytes.fromhex(identity)):
            raise ValueError("the signature is not this key's over this transaction")
        change = tuple(replace(utxo, tx_hash=identity) for utxo in self.change)
        return Built(identity, self._whole(signature), self.fee, self.inputs, change, self.expiry_slot)

    def _whole(self, signature: bytes | None) -> bytes:
        witnesses = self.witnesses
        if signature is not None:
            # Spliced in, never written anew. The key's entry is the first of a map of few, whose head counts them.
            entry = _ONE_KEY + cbor2.dumps([[self.key.raw, signature]])
            witnesses = bytes([witnesses[0] + 1]) + entry + witnesses[1:]
        return b"".join([_FOUR_PARTS, self.body_bytes, witnesses, _VALID, self.auxiliary or _NO_METADATA])
