"""What the OpenAPI document is put together from: operations, answers, refusals, headers, parameters."""

from collections.abc import Iterable
from typing import Any

from paywall import errors
from paywall.errors import PaywallError
from paywall.web.openapi.examples import EXAMPLES
from paywall.web.openapi.json_schema import HASH, TOKEN, UUID, ref, text, whole

Spec = dict[str, Any]

BODY = (errors.BadRequest, errors.NotJson, errors.BodyTooLarge)
#: what showing a receipt may meet
SHOWN = (
    *(errors.ReceiptInvalid, errors.HolderProofRequired, errors.HolderProofInvalid),
    *(errors.ReceiptWrongProduct, errors.HeadersTooLarge),
)
#: what showing a payment may meet
CLAIMED = (
    *(errors.ClaimInvalid, errors.PaymentMismatch, errors.PaymentInsufficient, errors.PaymentPending),
    *(errors.PaymentAlreadyUsed, errors.PaymentUnnamed, errors.PaymentRequestPaid),
    *(errors.PaymentIdentifierUsed, errors.ClaimUsed),
    *(errors.PaymentReversed, errors.PaidLate, errors.PaymentRequestExpired),
)
#: what any request may meet
ALWAYS: tuple[type[PaywallError], ...] = (
    errors.BadRequest,  # NUL in its path, query or headers
    *(errors.InternalFault, errors.Unavailable, errors.SignerUnavailable, errors.StorageUnavailable),
)


def operation(
    summary: str,
    answers: dict[int, Spec],
    refusals: Iterable[type[PaywallError]] = (),
    *,
    body: str | None = None,
    example: Any = None,
    parameters: Iterable[str] = (),
    security: list[Spec] | None = None,
) -> Spec:
    """`body` names a schema, `parameters` are keys of PARAMETERS; every operation also has ALWAYS' refusals."""
    whole_operation: Spec = {
        "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in parameters],
        "responses": {str(status): spec for status, spec in sorted(_all(answers, refusals).items())},
    }
    if body is not None:
        whole_operation["requestBody"] = {"content": {"application/json": _media(ref(body), example)}}
    if security is not None:
        whole_operation["security"] = security
    return whole_operation


def _all(answers: dict[int, Spec], refusals: Iterable[type[PaywallError]]) -> dict[int, Spec]:
    """The answers, with the refusals by their status; one status may have both."""
    by_status: dict[int, list[type[PaywallError]]] = {}
    for error in dict.fromkeys((*refusals, *ALWAYS)):
        by_status.setdefault(error.status, []).append(error)
    merged = dict(answers)
    for status, group in by_status.items():
        refused = refusal(status, group)
        if status in merged:
            content = {**merged[status]["content"], **refused["content"]}
            refused = {**merged[status], "content": content}
        merged[status] = refused
    return merged


def refusal(status: int, group: list[type[PaywallError]]) -> Spec:
    """Problem details of one status, with the codes that it may have."""
    narrowed = {
        "properties": {"status": {"const": status}, "code": {"enum": [error.code for error in group]}}
    }
    names = {
        401: ["WWW-Authenticate"],
        409: ["Retry-After"],
        429: ["Retry-After"],
        503: ["Retry-After"],
    }.get(status, [])
    return {
        "description": "; ".join(f"`{error.code}`: {error.title}" for error in group),
        "headers": headers("Cache-Control", "Request-Id", *names),
        "content": {"application/problem+json": {"schema": {"allOf": [ref("Problem"), narrowed]}}},
    }


def answer(description: str, content: Spec, *names: str, example: Any = None) -> Spec:
    """`content` is media type → schema, `names` are keys of HEADERS, `example` is of the schema that is named."""
    return {
        "description": description,
        "headers": headers("Cache-Control", "Request-Id", *names),
        "content": {
            media_type: _media(schema, example if "$ref" in schema else None)
            for media_type, schema in content.items()
        },
    }


def _media(schema: Spec, example: Any = None) -> Spec:
    example = example or EXAMPLES.get(schema.get("$ref", "").rpartition("/")[2])
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def headers(*names: str) -> Spec:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def anything() -> Spec:
    return {}


HEADERS = {
    "Cache-Control": {"schema": text(), "description": "no-store for all but deliveries and status lists"},
    "Request-Id": {"schema": text(), "description": "the request's own, when short and plain, or a new one"},
    "Location": {"schema": text(), "description": "where the payment, redemption or refund can be looked up"},
    "Retry-After": {"schema": whole("seconds"), "description": "when to ask again"},
    "WWW-Authenticate": {
        "schema": text(),
        "description": "of a 401 RFC 9449 section 7.1, RFC 6750 section 3; of a 402 MPP's challenges",
    },
    "Credits-Remaining": {"schema": whole()},
    "Redemption-Id": {"schema": text(pattern=UUID)},
    "Idempotent-Replayed": {"schema": text(), "description": "`true` where the key was answered before"},
    "PAYMENT-REQUIRED": {"schema": text(), "description": "what is asked for, by x402: base64 of JSON"},
    "PAYMENT-RESPONSE": {"schema": text(), "description": "what became of a payment by x402: base64 of JSON"},
    "X-PAYMENT-RESPONSE": {"schema": text(), "description": "the same in version 1 of x402"},
    "Payment-Receipt": {
        "schema": text(),
        "description": "of a payment by MPP, with the receipt: base64url of JSON",
    },
    "ETag": {"schema": text(), "description": "the SHA-256 of the body"},
    "Vary": {"schema": text(), "description": "Accept"},
    "Accept-Ranges": {"schema": text(), "description": "bytes"},
    "Content-Range": {"schema": text(), "description": "which bytes of how many"},
}


def _parameter(name: str, place: str, description: str, schema: Spec) -> Spec:
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "description": description, "schema": schema, **required}


PARAMETERS = {
    "payment_request_id": _parameter("id", "path", "The payment request", text(pattern=UUID)),
    "redemption_id": _parameter("id", "path", "The redemption", text(pattern=UUID)),
    "refund_id": _parameter("id", "path", "The refund", text(pattern=UUID)),
    "status_list": _parameter("n", "path", "The list's number", text(pattern="^(0|[1-9][0-9]{0,8})$")),
    "delivery": _parameter("id", "path", "Where it is kept", text(pattern="^[0-9a-f]{32}$")),
    "tx_hash": _parameter("tx_hash", "path", "The burn transaction", HASH),
    "Range": _parameter("Range", "header", "One range of bytes, such as `bytes=0-1023`", text()),
    "If-Range": _parameter("If-Range", "header", "The ETag of what the range is of", text()),
    "If-None-Match": _parameter("If-None-Match", "header", "ETags of what is there already", text()),
    "DPoP": _parameter(
        "DPoP", "header", "A proof of the holder's key (RFC 9449), new for each request", TOKEN
    ),
    "PAYMENT-SIGNATURE": _parameter(
        "PAYMENT-SIGNATURE", "header", "What pays the 402 of the same path, by x402: base64 of JSON", text()
    ),
    "X-PAYMENT": _parameter("X-PAYMENT", "header", "The same in version 1 of x402", text()),
    "Idempotency-Key": _parameter(
        "Idempotency-Key",
        "header",
        "Same key and body: same answer, one effect",
        text(minLength=1, maxLength=255),
    ),
}

SECURITY = {
    "dpop": {
        "type": "http",
        "scheme": "DPoP",
        "description": "The receipt, with a proof of its holder's key in the DPoP header (RFC 9449).",
    },
    "payment": {
        "type": "http",
        "scheme": "Payment",
        "description": "A payment of this path's 402 (MPP, draft-httpauth-payment-00).",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The receipt alone; refused for one that is bound to a holder.",
    },
}
