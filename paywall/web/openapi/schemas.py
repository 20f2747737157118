"""The schemas of what goes over the wire: `components.schemas` of the OpenAPI document."""

from collections.abc import Iterable

from paywall import errors
from paywall.web.openapi.burn_schemas import BATCH, BURN, LEAF_PREIMAGE
from paywall.web.openapi.gift_schemas import GIFT, GIVE
from paywall.web.openapi.instruction_schemas import ASK_INSTRUCTIONS, INSTRUCTIONS
from paywall.web.openapi.json_schema import (
    ASSET,
    TOKEN,
    UNIX_TIME,
    UUID,
    Schema,
    list_of,
    nullable,
    one_of,
    record,
    ref,
    text,
    whole,
)
from paywall.web.openapi.refund_schemas import GIVE_BACK, REFUND
from paywall.web.openapi.status_schemas import STATUS_LIST


def codes() -> set[str]:
    """The codes of the whole tree of refusals; a resource's own are its own."""
    return {getattr(errors, name).code for name in errors.__all__}


HOLDER = text("the did:key of an Ed25519 key", pattern="^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$")
DID = text("a did:key or a did:web", pattern="^did:[a-z0-9]+:")
MONEY = record(
    {"amount": whole("minor units"), "currency": text(), "decimals": whole("of the currency", maximum=18)}
)

BUCKETS = {
    "granted": whole("what was bought: the sum of all that follow"),
    "available": whole(),
    "reserved": whole("redemptions under way"),
    "captured": whole("used; as many tokens burn where the seller burns"),
    "expired": whole(),
    "revoked": whole(),
    "moved": whole("given to another account"),
}

OPTION = record(
    {
        "id": text("names the rail"),
        "amount": whole("minor units of `currency`", 1),
        "decimals": whole(maximum=18),
        "currency": text(),
        "recipient": text("who is paid, in the network's own form"),
    },
    {
        "network": text("CAIP-2 or like it, such as cardano:preprod"),
        "paymentService": text(),
        "receiptService": text(),
    },
)

ORDER = record(
    {"product": text(), "credits": whole("", 1)},
    {"token": ASSET, "holder": HOLDER},
    description="what is bought, which token each use burns, if any, and whose key the receipt is bound to",
)

REQUEST = record(
    {
        "iat": whole(UNIX_TIME),
        "exp": whole(UNIX_TIME),
        "iss": DID,
        "sub": text("the payment request's id", pattern=UUID),
        "id": text("the same", pattern=UUID),
        "description": text(),
        "expiresAt": text("the same as exp, ISO 8601", format="date-time"),
        "price": MONEY,
        "order": ORDER,
        "paymentOptions": list_of(OPTION, minItems=1),
    },
    {"serviceCallback": text(format="uri")},
    description="the claims of a payment request token (ACK-Pay; `price` and `order` are ours)",
)

PAYMENT_REQUIRED = {
    "allOf": [ref("Problem"), {"required": ["paymentRequestToken", "paymentRequest"]}],
    "description": "Problem details of a 402 with the payment request to pay.",
}

BUY = {
    **record(
        {},
        {
            "credits": whole("how many", 1, maximum=1_000_000),
            "count": whole("ACK Lab's name for `credits`", 1, maximum=1_000_000),
            "holder": HOLDER,
        },
    ),
    "anyOf": [{"required": ["credits"]}, {"required": ["count"]}],
}

CLAIM = record(
    {
        "payload": text(
            "ACK-Pay's receipt request: a JWT signed by the payer (iss = payerDid, a did:key) with "
            "paymentRequestToken, paymentOptionId, payerDid and metadata of network and either txHash (on chain) "
            "or transaction (base64 of the signed, unbroadcast bytes)"
        )
    }
)

PAID = record({"receipt": TOKEN, "credits": ref("Credits"), "payment_request_id": text(pattern=UUID)})

PROGRESS = {
    "transaction": text(),
    "confirmations": whole(),
    "required": whole("confirmations to be final", 1),
}

SETTLING = record({"payment_request_id": text(pattern=UUID), "state": {"const": "settling"}, **PROGRESS})

PAYMENT = record(
    {
        "payment_request_id": text(pattern=UUID),
        "state": one_of("open", "settling", "paid", "expired", "reversed"),
        "expires_at": whole(UNIX_TIME),
    },
    {**PROGRESS, "receipt": {**TOKEN, "description": "for the payer alone"}, "credits": ref("Credits")},
)


def redemption(own: Schema) -> Schema:
    """`own` are the members that resources add for the holder."""
    return record(
        {
            "redemption_id": text(pattern=UUID),
            "state": one_of("reserved", "captured", "released"),
            "product": text(),
            "burn": nullable(ref("Burn")),
        },
        {"request": {"type": "object", "description": "as it was asked; for the holder alone"}, **own},
    )


PRODUCT = record(
    {
        "id": text(),
        "title": text(),
        "description": text(),
        "validity_days": whole("how long credits last", 1),
        "tiers": list_of(record({"from": whole("credits", 1), "unit_price": MONEY}), minItems=1),
    }
)

RAIL = record(
    {"id": text(), "network": text(), "currency": text(), "decimals": whole()},
    {"recipient": text(), "rate": text("the price of one whole unit"), "confirmations": whole("", 1)},
)

RESOURCE = record(
    {
        "id": text(),
        "product": text("whose credits it takes"),
        "credits": whole("that one use costs", 1),
        "buy": text("the path to buy credits at"),
        "use": text("the path to use it at"),
    }
)

CREDITS_LEFT = whole("how many more can be sold: the tokens cover no more")
CATALOG = record(
    {
        "seller": DID,
        "network": text(),
        "products": list_of(PRODUCT, minItems=1),
        "rails": list_of(RAIL, minItems=1),
        "resources": list_of(RESOURCE),
    },
    {
        "token": ASSET,
        "credits_left": CREDITS_LEFT,
        "chain": record({"blockfrost": text("the embedded devnet", format="uri")}),
    },
)

DID_DOCUMENT = record(
    {
        "@context": list_of(text()),
        "id": DID,
        "verificationMethod": list_of(
            record({"id": text(), "type": text(), "controller": DID, "publicKeyJwk": {"type": "object"}})
        ),
        "authentication": list_of(text()),
        "assertionMethod": list_of(text()),
    }
)


def problem(more: Iterable[str]) -> Schema:
    """Problem details; `more` are codes of the resources' own errors."""
    return record(
        {
            "type": text(pattern="^urn:paywall:problem:"),
            "title": text(),
            "status": whole("", 400, maximum=599),
            "detail": text("a sentence for people"),
            "code": {"type": "string", "enum": sorted({*codes(), *more} - {"setup_error"})},
            "retryable": {"type": "boolean", "description": "whether the same request may succeed later"},
        },
        {
            "paymentRequestToken": TOKEN,
            "paymentRequest": ref("PaymentRequest"),
            "redemption_id": text("the redemption that was refused, or is under way", pattern=UUID),
            "transaction": text("the payment transaction that is not final"),
            "paid": whole("what arrived, in minor units"),
            "required": whole("what was asked for, in minor units"),
            "granted": whole("how many credits the receipt had"),
            "x402Version": {"const": 1, "description": "a 402 is asked for in version 1 of x402 too"},
            "error": text("version 1 of x402: the sentence in `detail`, or what to pay"),
            "accepts": list_of({"type": "object"}, minItems=1),
        },
        description="RFC 9457 problem details. A 402 carries the payment request token to pay: paying is the remedy.",
    )


SCHEMAS = {
    "PaymentRequired": PAYMENT_REQUIRED,
    "PaymentRequest": REQUEST,
    "Credits": record(BUCKETS),
    "Balance": record({**BUCKETS, "expires_at": whole(UNIX_TIME), "product": text()}),
    "Buy": BUY,
    "Claim": CLAIM,
    "Paid": PAID,
    "Settling": SETTLING,
    "AskInstructions": ASK_INSTRUCTIONS,
    "Instructions": INSTRUCTIONS,
    "Payment": PAYMENT,
    "GiveBack": GIVE_BACK,
    "Refund": REFUND,
    "Give": GIVE,
    "Gift": GIFT,
    "StatusList": STATUS_LIST,
    "Burn": BURN,
    "LeafPreimage": LEAF_PREIMAGE,
    "Batch": BATCH,
    "Catalog": CATALOG,
    "DidDocument": DID_DOCUMENT,
    "Readiness": record({"ready": {"type": "boolean"}}),
}
