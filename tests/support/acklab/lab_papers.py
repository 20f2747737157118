"""What ACK Lab signs, written down by PyJWT: payment requests and receipts, each with whatever a test spoils."""

import uuid
from typing import Any

import jwt

from shared.keys import SigningKey

CONTEXT = "https://www.w3.org/2018/credentials/v1"


def signed(claims: dict[str, Any], key: SigningKey) -> str:
    """Header `{"alg":"EdDSA","typ":"JWT"}`; claims that are None are left out."""
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, _native(key), algorithm="EdDSA")


def _native(key: SigningKey) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(key.seed)


def option(amount: int, recipient: str, **changes: Any) -> dict[str, Any]:
    asked = {"id": "usd-1", "amount": amount, "decimals": 2, "currency": "USD", "recipient": recipient}
    return {name: value for name, value in {**asked, **changes}.items() if value is not None}


def payment_request(
    key: SigningKey, request_id: str, options: list[dict[str, Any]], now: int, **changes: Any
) -> str:
    """`key` is the agent's that asks."""
    claims = {
        "iat": now,
        "iss": key.public.did,
        "sub": request_id,
        "id": request_id,
        "description": "credits",
        "paymentOptions": options,
    }
    return signed({**claims, **changes}, key)


def receipt(
    key: SigningKey, payer: str, token: str, now: int, option_id: str = "usd-1", **changes: Any
) -> str:
    """`key` is the issuer's. `changes` are of the claims; `subject` and `vc` of what is in them."""
    subject = {"paymentRequestToken": token, "paymentOptionId": option_id, **changes.pop("subject", {})}
    credential = {
        "@context": [CONTEXT],
        "type": ["VerifiableCredential", "PaymentReceiptCredential"],
        "credentialSubject": subject,
        **changes.pop("vc", {}),
    }
    claims = {
        "iss": key.public.did,
        "sub": payer,
        "nbf": now,
        "exp": now + 86_400,
        "jti": f"urn:uuid:{uuid.uuid4()}",
        "vc": credential,
    }
    return signed({**claims, **changes}, key)
