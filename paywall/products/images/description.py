"""How the images look from outside: JSON Schemas, words and examples for the OpenAPI document."""

from typing import Any

from paywall.redemptions.fulfilment import UseDescription

_HASH = {"type": "string", "description": "64 hex digits", "pattern": "^[0-9a-f]{64}$"}
_UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
_IMAGE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "pattern": "/api/images/"},
        "media_type": {"type": "string", "pattern": "^image/"},
        "sha256": _HASH,
    },
    "required": ["url", "media_type", "sha256"],
}
_REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "a US president of the 19th century"},
        "prompt": {"type": "string", "description": "what to draw", "minLength": 1, "maxLength": 1000},
        "receipt": {
            "type": "string",
            "description": "a receipt that is bound to no holder, instead of a header",
            "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
            "maxLength": 8192,
        },
    },
    "required": [],
    "description": "A name or a prompt; with neither, a president at random.",
}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "redemption_id": _UUID,
        "credits_remaining": {"type": "integer", "minimum": 0},
        "subject": {"type": "string", "description": "the name or prompt that was drawn"},
        "image": _IMAGE,
    },
    "required": ["redemption_id", "credits_remaining", "subject", "image"],
}
_EXAMPLE = {"url": f"/api/images/{'5e' * 16}", "media_type": "image/png", "sha256": "cd" * 32}

DESCRIPTION = UseDescription(
    title="picture",
    summary="Redeem one credit for one picture",
    media_types=("image/png", "image/jpeg", "image/webp"),
    request="ImageRequest",
    answer="ImageRedeemed",
    schemas={"ImageRequest": _REQUEST, "ImageRedeemed": _ANSWER},
    examples={
        "ImageRequest": {"name": "Abraham Lincoln"},
        "ImageRedeemed": {
            "redemption_id": "0b8f4a52-8f0e-4d6e-9d3b-6a1f2c3d4e5f",
            "credits_remaining": 1,
            "subject": "Abraham Lincoln",
            "image": _EXAMPLE,
        },
    },
)
