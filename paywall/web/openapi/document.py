"""The OpenAPI 3.1 document: every route with its parameters, bodies, answers and refusals.

Refusals are taken from the classes in `paywall.errors`, so that a status, code or title is written in one place.
"""

from collections.abc import Sequence

from paywall import __version__, errors
from paywall.redemptions.resource import Resource
from paywall.web.discovery.documents import service_info
from paywall.web.openapi import resource_paths
from paywall.web.openapi.json_schema import ref, text
from paywall.web.openapi.parts import (
    BODY,
    CLAIMED,
    HEADERS,
    PARAMETERS,
    SECURITY,
    SHOWN,
    Spec,
    answer,
    anything,
    operation,
    refusal,
)
from paywall.web.openapi.schemas import SCHEMAS, problem, redemption
from shared.dialects.base import ChargeTerms
from shared.tokens.status_list import MEDIA_TYPE

ABOUT = (
    "Sells access to a metered API to other programs: a payment request with 402, a receipt for what was paid, "
    "one redemption for each use and, where the catalog names a token, a provable burn on Cardano. Every refusal "
    "is RFC 9457 problem details with a stable `code`; every answer but a delivery and a status list is "
    "`Cache-Control: no-store`. "
    "A method that a path does not offer is answered with 405 `method_not_allowed`, and a request that takes too "
    "long to arrive with 408 `request_timeout`."
)


def document(service_url: str, resources: Sequence[Resource], charges: Sequence[ChargeTerms]) -> Spec:
    """The document for a seller at `service_url` that sells `resources` and is paid by MPP as in `charges`."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "paywall", "version": __version__, "description": ABOUT},
        "servers": [{"url": service_url}],
        "x-service-info": service_info(service_url),
        "paths": _paths(resources, charges),
        "components": {
            "schemas": {**SCHEMAS, **_of(resources)},
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "securitySchemes": SECURITY,
            "responses": {
                "MethodNotAllowed": refusal(405, [errors.MethodNotAllowed]),
                "RequestTimeout": refusal(408, [errors.RequestTimeout]),
            },
        },
    }


def _of(resources: Sequence[Resource]) -> Spec:
    """The schemas that depend on what is sold."""
    codes = [error.code for resource in resources for error in (resource.refused, resource.failed)]
    return {
        **resource_paths.schemas(resources),
        "Problem": problem(codes),
        "Redemption": redemption(resource_paths.own(resources)),
    }


def _paths(resources: Sequence[Resource], charges: Sequence[ChargeTerms]) -> Spec:
    sold = {
        path: item for resource in resources for path, item in resource_paths.paths(resource, charges).items()
    }
    return {
        **sold,
        "/api/catalog": {"get": _read("Products, price tiers and rails on offer", "Catalog")},
        "/api/payments": {"post": _pay()},
        "/api/payments/{id}": {"get": _payment()},
        "/api/payment-requests/{id}/instructions": {"post": _instructions()},
        "/api/credits": {"get": _credits()},
        "/api/receipts/refund": {"post": _give_back()},
        "/api/receipts/transfer": {"post": _give()},
        "/api/refunds/{id}": {"get": _found("How a refund stands", "Refund", "refund_id")},
        "/api/status-lists/{n}": {"get": _status_list()},
        "/api/redemptions/{id}": {"get": _redemption()},
        "/api/burns/{tx_hash}": {"get": _found("The batch that a transaction burns", "Batch", "tx_hash")},
        "/.well-known/did.json": {"get": _read("The seller's DID document", "DidDocument")},
        "/did.json": {"get": _read("The same, where the DID of a mounted seller has it", "DidDocument")},
        "/openapi.json": {
            "get": operation("This document", {200: answer("OpenAPI 3.1", {"application/json": anything()})})
        },
        "/.well-known/x402": {
            "get": operation("What can be paid", {200: answer("URLs", {"application/json": anything()})})
        },
        "/llms.txt": {
            "get": operation("How to buy here, for models", {200: answer("Markdown", {"text/plain": text()})})
        },
        "/healthz": {"get": operation("The process answers", {200: answer("ok", {"text/plain": text()})})},
        "/readyz": {"get": _readiness()},
    }


def _pay() -> Spec:
    paid = answer(
        "Paid: the receipt. Repeating the claim gives it again where it is bound to a holder",
        {"application/json": ref("Paid")},
        "Location",
    )
    settling = answer(
        "Accepted, not final yet: repeat the claim, or look at Location",
        {"application/json": ref("Settling")},
        *("Location", "Retry-After"),
    )
    return operation(
        "Claim a payment", {200: paid, 202: settling}, (*BODY, *CLAIMED, errors.TooManyRequests), body="Claim"
    )


def _payment() -> Spec:
    return operation(
        "How a payment stands; the receipt for the payer, who shows its key with a DPoP proof",
        {200: answer("The state", {"application/json": ref("Payment")})},
        (
            *(errors.NotFound, errors.HolderProofInvalid, errors.PaymentReversed),
            *(errors.HeadersTooLarge, errors.TooManyRequests),
        ),
        parameters=["payment_request_id", "DPoP"],
    )


def _instructions() -> Spec:
    refused = (
        *(errors.NotFound, errors.ClaimInvalid, errors.PaymentRequestExpired, errors.PaymentPending),
        *(errors.PaymentRequestPaid, errors.PaymentReversed, errors.TooManyRequests),
    )
    return operation(
        "What the payer of an option needs beyond it, for options that name a `paymentService`; the same each time",
        {200: answer("Instructions", {"application/json": ref("Instructions")})},
        (*BODY, *refused),
        body="AskInstructions",
        parameters=["payment_request_id"],
    )


def _credits() -> Spec:
    return operation(
        "The receipt's credits",
        {200: answer("The buckets", {"application/json": ref("Balance")})},
        SHOWN,
        parameters=["DPoP"],
        security=[{"dpop": []}, {"bearer": []}],
    )


def _give_back() -> Spec:
    refund = {"application/json": ref("Refund")}
    return operation(
        "Give unused credits back; their money goes to who paid, by the rail that he paid by",
        {
            200: answer("It was sent back", refund, "Location"),
            202: answer("Taken back; the money is on its way, or a person sends it", refund, "Location"),
        },
        (
            *(*BODY, *SHOWN, errors.NotFound, errors.PaymentPending, errors.PaymentReversed),
            *(
                errors.ReceiptRevoked,
                errors.RefundTooMuch,
                errors.RefundTooSmall,
                errors.IdempotencyKeyReused,
            ),
            errors.TooManyRequests,
        ),
        body="GiveBack",
        parameters=["DPoP", "Idempotency-Key"],
        security=[{"dpop": []}, {"bearer": []}, {}],
    )


def _give() -> Spec:
    return operation(
        "Give credits to another holder: a new receipt, bound to its key, that ends when this one does",
        {200: answer("The gift, for each copy of the same request", {"application/json": ref("Gift")})},
        (
            *(*BODY, *SHOWN, errors.NotFound, errors.PaymentPending, errors.PaymentReversed),
            *(errors.ReceiptRevoked, errors.GiftTooMuch, errors.IdempotencyKeyReused),
            errors.TooManyRequests,
        ),
        body="Give",
        parameters=["DPoP", "Idempotency-Key"],
        security=[{"dpop": []}, {"bearer": []}, {}],
    )


def _status_list() -> Spec:
    kinds = {"application/json": ref("StatusList"), MEDIA_TYPE: text("W3C's form, as a VC 2.0 JWT")}
    answers = {
        200: answer("Which receipts of the list were revoked, signed by their issuer", kinds, "ETag", "Vary"),
        304: answer("It is what `If-None-Match` names", {}, "ETag", "Vary"),
    }
    return operation(
        "A status list: a bit for each receipt whose `credentialStatus` names this URL, 1 where it was revoked",
        answers,
        [errors.NotFound, errors.TooManyRequests],
        parameters=["status_list", "If-None-Match"],
    )


def _redemption() -> Spec:
    return operation(
        "A redemption with its burn and its path through the sum tree; the leaf's preimage and the use for the holder",
        {200: answer("Redemption", {"application/json": ref("Redemption")})},
        (errors.NotFound, *SHOWN, errors.TooManyRequests),
        parameters=["redemption_id", "DPoP"],
        security=[{"dpop": []}, {"bearer": []}, {}],
    )


def _readiness() -> Spec:
    told = {"application/json": ref("Readiness")}
    answers = {200: answer("All parts answer", told), 503: answer("A part does not", told)}
    return operation("Every part that a sale needs answers", answers)


def _read(summary: str, schema: str) -> Spec:
    return operation(summary, {200: answer(schema, {"application/json": ref(schema)})})


def _found(summary: str, schema: str, parameter: str) -> Spec:
    answers = {200: answer(schema, {"application/json": ref(schema)})}
    return operation(summary, answers, [errors.NotFound, errors.TooManyRequests], parameters=[parameter])
