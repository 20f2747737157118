"""Signing keys in cardano-cli's text envelope: {"type", "description", "cborHex"}."""

import cbor2

from shared import strict_json
from shared.keys import InvalidKeyError, SigningKey

PAYMENT_KEY = "PaymentSigningKeyShelley_ed25519"


def read_signing_key(text: str | bytes) -> SigningKey:
    """The key of a `.skey` file (`cardano-cli address key-gen`); InvalidKeyError otherwise.

    Extended (BIP-32) keys are refused: their 64 bytes are no Ed25519 seed, and PKCS#8 cannot hold them.
    """
    try:
        envelope = strict_json.loads(text)
        kind = envelope["type"]
        seed = cbor2.loads(bytes.fromhex(envelope["cborHex"]))
    except (ValueError, TypeError, KeyError, cbor2.CBORDecodeError) as error:
        raise InvalidKeyError("not a text envelope of cardano-cli") from error
    if kind != PAYMENT_KEY:
        raise InvalidKeyError(f"the envelope holds {kind!r}; {PAYMENT_KEY} is needed")
    if not isinstance(seed, bytes):
        raise InvalidKeyError("the envelope holds no bytes")
    return SigningKey.from_seed(seed)
