"""Examples of the OpenAPI document; a test holds them to their schemas."""

from typing import Any

TOKEN = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ0aGUgcmVzdCBpcyBsZWZ0IG91dCJ9.c2lnbmF0dXJl"  # noqa: S105  no secret: it says that the rest is left out
HOLDER = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
REQUEST_ID = "3f1c2e9a-7d44-4d0b-9d0e-0a4f5b6c7d8e"
REDEMPTION_ID = "0b8f4a52-8f0e-4d6e-9d3b-6a1f2c3d4e5f"
ASSET = f"{'a1' * 28}.435245415445"
HASH = "cd" * 32
CREDITS = {"granted": 3, "available": 1, "reserved": 0, "captured": 2, "expired": 0, "revoked": 0, "moved": 0}

#: schema → an example of it
EXAMPLES: dict[str, Any] = {
    "Buy": {"credits": 3, "holder": HOLDER},
    "Claim": {"payload": TOKEN},
    "Paid": {"receipt": TOKEN, "credits": CREDITS, "payment_request_id": REQUEST_ID},
    "Settling": {
        "payment_request_id": REQUEST_ID,
        "state": "settling",
        "transaction": HASH,
        "confirmations": 0,
        "required": 1,
    },
    "AskInstructions": {"payment_request_token": TOKEN, "payment_option_id": "acklab"},
    "Instructions": {
        "payment_option_id": "acklab",
        "payload": {"paymentRequestToken": TOKEN, "url": "https://pay.example/3f1c2e9a"},
        "expires_at": 1795214981,
    },
    "Payment": {"payment_request_id": REQUEST_ID, "state": "open", "expires_at": 1795214981},
    "GiveBack": {"credits": 1},
    "Refund": {
        "refund_id": REDEMPTION_ID,
        "state": "sending",
        "credits": 1,
        "amount": 2_000_000,
        "currency": "ADA",
        "decimals": 6,
        "rail": "cardano",
        "returned": 1_830_000,
        "transaction": HASH,
    },
    "Give": {"to": HOLDER, "credits": 1},
    "Gift": {
        "gift_id": REDEMPTION_ID,
        "receipt": TOKEN,
        "to": HOLDER,
        "credits": 1,
        "expires_at": 1826750081,
    },
    "Balance": {**CREDITS, "expires_at": 1826750081, "product": "credit"},
    "Redemption": {
        "redemption_id": REDEMPTION_ID,
        "state": "captured",
        "product": "credit",
        "burn": {
            "version": 2,
            "state": "confirmed",
            "token": ASSET,
            "quantity": 1,
            "leaf": HASH,
            "leaf_index": 0,
            "tree_size": 2,
            "path": [{"hash": HASH, "sum": 1}],
            "root": HASH,
            "sum": 2,
            "tx_hash": HASH,
            "confirmations": 2,
            "required": 2,
            "preimage": {
                "salt": "07" * 16,
                "receipt_id": f"urn:uuid:{REQUEST_ID}",
                "redemption_id": REDEMPTION_ID,
                "request_hash": HASH,
                "idempotency_key": "6d1f8a52",
            },
        },
    },
    "Batch": {
        "tx_hash": HASH,
        "state": "confirmed",
        "version": 2,
        "root": HASH,
        "sum": 2,
        "count": 2,
        "fee": 181_297,
        "fee_per_redemption": 90_649,
        "token": ASSET,
        "confirmations": 2,
        "required": 2,
        "block": {"height": 12, "hash": HASH},
    },
}
