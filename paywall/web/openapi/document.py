"""The OpenAPI 3.1 document: every route with its parameters, bodies, answers and refusals.

Refusals are told by their classes in `errors.py`, so that a status, code or title is written in one place.
"""

from functools import cache

from paywall import __version__, errors
from paywall.web.openapi.json_schema import ref, text
from paywall.web.openapi.parts import (
    HEADERS,
    PARAMETERS,
    SECURITY,
    Spec,
    answer,
    anything,
    operation,
    refusal,
)
from paywall.web.openapi.schemas import SCHEMAS, TOKEN

ABOUT = (
    "Sells access to a metered API to other programs: a payment request with 402, a receipt for what was paid, "
    "one redemption and one provable burn on Cardano for each use. Every refusal is RFC 9457 problem details with "
    "a stable `code`; every answer but a picture is `Cache-Control: no-store`. A method that a path does not offer "
    "is answered with 405 `method_not_allowed`."
)
BODY = (errors.BadRequest, errors.NotJson, errors.BodyTooLarge)
RECEIPT = (errors.ReceiptInvalid, errors.HolderProofRequired, errors.HolderProofInvalid)
SHOWN = (*RECEIPT, errors.ReceiptWrongProduct, errors.HeadersTooLarge)
CLAIMED = (
    *(errors.ClaimInvalid, errors.PaymentMismatch, errors.PaymentInsufficient, errors.PaymentPending),
    *(errors.PaymentAlreadyUsed, errors.PaymentRequestPaid, errors.PaidLate, errors.PaymentRequestExpired),
)
REDEEMING = (
    *(errors.PaymentRequired, errors.CreditsExhausted, errors.RedemptionInProgress),
    *(errors.IdempotencyKeyReused, errors.PromptRefused, errors.ImageMakerFailed, errors.BurnBacklogFull),
)
PICTURES = ("image/png", "image/jpeg", "image/webp")


@cache
def document(service_url: str) -> Spec:
    """The document for a seller that is reached at `service_url`."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "paywall", "version": __version__, "description": ABOUT},
        "servers": [{"url": service_url}],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS,
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "securitySchemes": SECURITY,
            "responses": {"MethodNotAllowed": refusal(405, [errors.MethodNotAllowed])},
        },
    }


def _paths() -> Spec:
    return {
        "/api/catalog": {"get": _read("Products, price tiers and rails on offer", "Catalog")},
        "/api/images/buy": {"post": _buy()},
        "/api/payments": {"post": _pay()},
        "/api/payments/{id}": {"get": _payment()},
        "/api/images/generate": {"post": _generate()},
        "/api/credits": {"get": _credits()},
        "/api/redemptions/{id}": {"get": _redemption()},
        "/api/burns/{tx_hash}": {"get": _found("The batch that a transaction burns", "Batch", "tx_hash")},
        "/api/images/{id}": {"get": _image()},
        "/.well-known/did.json": {"get": _read("The seller's DID document", "DidDocument")},
        "/openapi.json": {
            "get": operation("This document", {200: answer("OpenAPI 3.1", {"application/json": anything()})})
        },
        "/healthz": {"get": operation("The process answers", {200: answer("ok", {"text/plain": text()})})},
        "/readyz": {"get": _readiness()},
        "/metrics": {
            "get": operation("Prometheus figures", {200: answer("Figures", {"text/plain": text()})})
        },
    }


def _buy() -> Spec:
    required = {"application/jwt": TOKEN, "application/json": ref("PaymentRequired")}
    offered = answer(
        "The payment request: its raw token, or problem details with it on `Accept: application/json`",
        required,
        "Location",
    )
    return operation("Ask to buy credits", {402: offered}, BODY, body="Buy")


def _pay() -> Spec:
    paid = answer(
        "Paid: the receipt. Repeating the claim gives it again", {"application/json": ref("Paid")}, "Location"
    )
    settling = answer(
        "Accepted, not final yet: repeat the claim, or look at Location",
        {"application/json": ref("Settling")},
        *("Location", "Retry-After"),
    )
    return operation("Claim a payment", {200: paid, 202: settling}, (*BODY, *CLAIMED), body="Claim")


def _payment() -> Spec:
    return operation(
        "How a payment stands; the receipt for the payer, who shows its key with a DPoP proof",
        {200: answer("The state", {"application/json": ref("Payment")})},
        (errors.NotFound, errors.HolderProofInvalid, errors.HeadersTooLarge),
        parameters=["payment_request_id", "DPoP"],
    )


def _generate() -> Spec:
    kinds = {**dict.fromkeys(PICTURES, anything()), "application/json": ref("Redeemed")}
    made = answer(
        "The picture, or where it is on `Accept: application/json`",
        kinds,
        *("Location", "Credits-Remaining", "Redemption-Id"),
    )
    return operation(
        "Redeem one credit for one picture",
        {200: made},
        (*BODY, *SHOWN, *REDEEMING),
        body="Wish",
        parameters=["DPoP", "Idempotency-Key"],
        security=[{"dpop": []}, {"bearer": []}, {}],
    )


def _credits() -> Spec:
    return operation(
        "The receipt's credits",
        {200: answer("The buckets", {"application/json": ref("Balance")})},
        SHOWN,
        parameters=["DPoP"],
        security=[{"dpop": []}, {"bearer": []}],
    )


def _redemption() -> Spec:
    return operation(
        "A redemption with its burn and its path through the sum tree; the leaf's preimage for the holder",
        {200: answer("Redemption", {"application/json": ref("Redemption")})},
        (errors.NotFound, *SHOWN),
        parameters=["redemption_id", "DPoP"],
        security=[{"dpop": []}, {"bearer": []}, {}],
    )


def _image() -> Spec:
    shown = answer("The picture, which never changes", dict.fromkeys(PICTURES, anything()), "ETag")
    return operation("A picture", {200: shown}, [errors.NotFound], parameters=["image_id"])


def _readiness() -> Spec:
    parts = {"application/json": ref("Readiness")}
    answers = {200: answer("All parts answer", parts), 503: answer("A part does not", parts)}
    return operation("Every part that a sale needs answers", answers)


def _read(summary: str, schema: str) -> Spec:
    return operation(summary, {200: answer(schema, {"application/json": ref(schema)})})


def _found(summary: str, schema: str, parameter: str) -> Spec:
    answers = {200: answer(schema, {"application/json": ref(schema)})}
    return operation(summary, answers, [errors.NotFound], parameters=[parameter])
