"""The schemas of burns, their proofs and their batches."""

from paywall.web.openapi.json_schema import (
    ASSET,
    HASH,
    UUID,
    list_of,
    nullable,
    one_of,
    record,
    ref,
    text,
    whole,
)

SUM_NODE = record({"hash": HASH, "sum": whole("of the quantities below it", 1)})

LEAF_PREIMAGE = record(
    {
        "salt": text("hex; blinds the leaf", pattern="^[0-9a-f]{32}$"),
        "receipt_id": text(pattern="^urn:uuid:"),
        "redemption_id": text(pattern=UUID),
        "request_hash": {**HASH, "description": "SHA-256 of the request's canonical JSON (RFC 8785)"},
        "idempotency_key": text(minLength=1, maxLength=255),
    },
    description="what the leaf hashes, for the holder alone",
)

BURN_STATE = one_of("waiting", "submitted", "seen", "confirmed", "parked")

BURN = record(
    {
        "version": whole("2: a leaf of a sum tree (docs/proof.md); 1: an old one, which proves nothing", 1),
        "state": BURN_STATE,
        "quantity": whole("tokens that this use burns", 1),
    },
    {
        "token": ASSET,
        "leaf": HASH,
        "leaf_index": whole(),
        "tree_size": whole("", 1),
        "path": list_of(SUM_NODE, description="the siblings from the leaf up"),
        "root": HASH,
        "sum": whole("tokens that the whole batch burns", 1),
        "preimage": ref("LeafPreimage"),
        "tx_hash": nullable(HASH),
        "confirmations": whole(),
        "required": whole("", 1),
    },
)

BATCH = record(
    {
        "tx_hash": HASH,
        "root": HASH,
        "state": one_of("submitted", "seen", "confirmed", "parked", "replaced"),
        "version": whole("of the batch's tree", 1),
        "sum": whole("tokens that it burns", 1),
        "count": whole("redemptions in the batch", 1),
        "fee": whole("lovelace"),
        "fee_per_redemption": whole("lovelace, rounded up"),
        "confirmations": whole(),
        "required": whole("", 1),
        "block": nullable(record({"height": whole(), "hash": HASH})),
    },
    {"token": ASSET},
)
