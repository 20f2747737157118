"""Bytes that a fuzzer may change, put where the changes count: behind a signature that holds."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import cbor2

from shared import strict_json
from shared.cardano.draft import Built
from shared.keys import SigningKey
from shared.tokens import base64url, jws
from shared.x402_cardano.shown_payment import payload_of
from tests.unit.cardano.cardano_samples import HASH, NETWORK, THEIRS, assembled


def token(payload: bytes, key: SigningKey, *, header: Mapping[str, Any] | None = None) -> str:
    """A JWS over these bytes as they are, JSON or not."""
    head = strict_json.dumps({"alg": "EdDSA", "typ": "JWT", **(header or {})}).encode()
    signed = f"{base64url.encode(head)}.{base64url.encode(payload)}".encode()
    return jws.attach(signed, key.sign(signed))


def headed(header: bytes, payload: bytes, key: SigningKey) -> str:
    """A JWS whose header is made of any bytes."""
    signed = f"{base64url.encode(header)}.{base64url.encode(payload)}".encode()
    return jws.attach(signed, key.sign(signed))


def with_metadata(body: Mapping[int, Any], auxiliary: bytes) -> bytes:
    """A transaction that commits to any bytes as its auxiliary data."""
    return assembled({**body, 7: blake2b(auxiliary, digest_size=32).digest()}, auxiliary=auxiliary)


def json(value: object) -> bytes:
    return strict_json.dumps(value).encode()


def cbor(value: object) -> bytes:
    return bytes(cbor2.dumps(value))


def shown_by_x402(built: Built) -> dict[str, Any]:
    """A request to the facilitator."""
    asked = {
        "scheme": "exact",
        "network": NETWORK,
        "amount": "3000000",
        "asset": "lovelace",
        "payTo": THEIRS,
        "maxTimeoutSeconds": 600,
        "extra": {"externalId": HASH.hex(), "confirmationPolicy": {"l1Confirmations": 1}},
    }
    payload = payload_of(built.raw, built.inputs[0].reference)
    shown = {"x402Version": 2, "accepted": asked, "payload": payload}
    return {"paymentPayload": shown, "paymentRequirements": asked}
