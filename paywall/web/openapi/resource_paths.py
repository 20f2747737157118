"""The part of the OpenAPI document that each resource brings."""

from collections.abc import Sequence

from paywall import errors
from paywall.redemptions.fulfilment import Described, UseDescription
from paywall.redemptions.resource import Resource
from paywall.web.discovery.documents import payment_info
from paywall.web.openapi.json_schema import HASH, TOKEN, UUID, record, ref, text, whole
from paywall.web.openapi.parts import BODY, CLAIMED, SHOWN, Spec, answer, anything, operation
from shared.dialects.base import ChargeTerms

_DELIVERY = record({"url": text(), "media_type": text(), "sha256": HASH})
#: what every answer to a use has
_ANY_ANSWER = ("redemption_id", "credits_remaining")
#: of a resource that says nothing of itself
_PLAIN = UseDescription(
    title="delivery",
    summary="Use the resource once",
    media_types=("application/octet-stream",),
    request="Use",
    answer="Used",
    schemas={
        "Use": {"type": "object"},
        "Used": record(
            {"redemption_id": text(pattern=UUID), "credits_remaining": whole(), "delivery": _DELIVERY}
        ),
    },
    examples={},
)


def description(resource: Resource) -> UseDescription:
    return resource.fulfilment.describe() if isinstance(resource.fulfilment, Described) else _PLAIN


def schemas(resources: Sequence[Resource]) -> Spec:
    return {name: schema for resource in resources for name, schema in description(resource).schemas.items()}


def own(resources: Sequence[Resource]) -> Spec:
    """What a redemption shows its holder beside its own members, by the resource it is of: the answer to the use."""
    answers = [told.schemas[told.answer] for told in map(description, resources)]
    members = {name: schema for answer in answers for name, schema in answer["properties"].items()}
    return {name: schema for name, schema in members.items() if name not in _ANY_ANSWER}


def paths(resource: Resource, charges: Sequence[ChargeTerms]) -> Spec:
    buying = payment_info(charges, f"credits of {resource.product}, as many as are asked for")
    using = payment_info(charges, f"{resource.cost} credits of {resource.product}")
    return {
        resource.buy_path: {"post": _buy() | {"x-payment-info": buying}},
        **(
            {}
            if resource.route
            else {resource.use_path: {"post": _use(resource) | {"x-payment-info": using}}}
        ),
        resource.delivery_path("{id}"): {"get": _delivery(resource)},
    }


def _buy() -> Spec:
    required = {"application/jwt": TOKEN, "application/json": ref("PaymentRequired")}
    offered = answer(
        "The payment request: its raw token, or problem details with it on `Accept: application/json`",
        required,
        *("Location", "PAYMENT-REQUIRED", "WWW-Authenticate"),
    )
    paid = answer(
        "Paid by the header of another dialect: the receipt, for each copy of the same payment",
        {"application/json": ref("Paid")},
        *("Location", "PAYMENT-RESPONSE", "X-PAYMENT-RESPONSE", "Payment-Receipt"),
    )
    refused = (*BODY, *CLAIMED, errors.TooManyRequests, errors.SupplyExhausted)
    answers = {200: paid, 402: offered}
    return operation(
        "Ask to buy credits",
        answers,
        refused,
        body="Buy",
        parameters=["PAYMENT-SIGNATURE", "X-PAYMENT", "Idempotency-Key"],
        security=[{"payment": []}, {}],
    )


def _use(resource: Resource) -> Spec:
    described = description(resource)
    kinds = {
        **{media_type: anything() for media_type in described.media_types},
        "application/json": ref(described.answer),
    }
    made = answer(
        f"The {described.title}, or where it is on `Accept: application/json`",
        kinds,
        *(
            "Location",
            "Credits-Remaining",
            "Redemption-Id",
            "Idempotent-Replayed",
            *("PAYMENT-RESPONSE", "X-PAYMENT-RESPONSE", "Payment-Receipt"),
        ),
        example=described.examples.get(described.answer),
    )
    refusals = (
        *(
            errors.PaymentRequired,
            errors.CreditsExhausted,
            errors.RedemptionInProgress,
            *(errors.PaymentReversed, errors.ReceiptRevoked),
        ),
        *(errors.IdempotencyKeyReused, resource.refused, resource.failed, errors.BurnBacklogFull),
        *(errors.TooManyRequests, errors.SupplyExhausted),
    )
    return operation(
        described.summary,
        {200: made},
        (*BODY, *SHOWN, *CLAIMED, *refusals),
        body=described.request,
        example=described.examples.get(described.request),
        parameters=["DPoP", "Idempotency-Key", "PAYMENT-SIGNATURE", "X-PAYMENT"],
        security=[{"dpop": []}, {"bearer": []}, {"payment": []}, {}],
    )


def _delivery(resource: Resource) -> Spec:
    described = description(resource)
    kinds = {media_type: anything() for media_type in described.media_types}
    told = ("ETag", "Accept-Ranges")
    answers = {
        200: answer(f"The {described.title}, which never changes", kinds, *told),
        206: answer("The bytes that `Range` asked for", kinds, *told, "Content-Range"),
        304: answer("It is what `If-None-Match` names", {}, "ETag"),
    }
    return operation(
        f"A {described.title}",
        answers,
        [errors.NotFound, errors.RangeNotSatisfiable],
        parameters=["delivery", "Range", "If-Range", "If-None-Match"],
    )
