"""How agents find what is sold: `/.well-known/x402`, `/llms.txt`, and what the OpenAPI document adds for them.

`/.well-known/x402` as x402scan reads it; the text as llmstxt.org has it; the extensions by draft-payment-discovery-00.
A 402 is what counts: these say where to get one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from paywall.redemptions.fulfilment import Described
from paywall.redemptions.resource import Resource
from paywall.sales.prices import Product
from shared import strict_json
from shared.dialects.base import ChargeTerms

_HOW = (
    "Every paid path answers 402 to whoever shows nothing, with one stored payment request in three dialects: x402 v2 "
    "(`PAYMENT-REQUIRED`, pay with `PAYMENT-SIGNATURE`), MPP (`WWW-Authenticate: Payment`, pay with `Authorization: "
    "Payment`) and ACK-Pay (the body; claim at `POST /api/payments`). Paying on a use path delivers at once; paying "
    "on a buy path gives a receipt for many uses, shown as `Authorization: DPoP` or `Bearer`. 409 `payment_pending` "
    "means: send the same payment again, never another one."
)


def well_known_x402(service_url: str, resources: Sequence[Resource]) -> bytes:
    """The URLs that can be paid, as JSON."""
    paths = [path for resource in resources for path in (resource.use_path, resource.buy_path)]
    urls = [f"{service_url}{path}" for path in paths]
    told = {"version": 1, "resources": urls, "instructions": f"{service_url}/llms.txt"}
    return strict_json.dumps(told).encode()


def llms_txt(service_url: str, resources: Sequence[Resource], products: Mapping[str, Product]) -> bytes:
    """What a language model needs to buy here, in Markdown."""
    lines = [
        "# paywall",
        "",
        "> Sells to programs over HTTP 402, and proves each use.",
        "",
        _HOW,
        "",
        "## Sold",
        "",
    ]
    for resource in resources:
        product = products[resource.product]
        price = product.price(1)
        lines.append(
            f"- [{resource.id}]({service_url}{resource.use_path}): {_use(resource)}; {resource.cost} credit(s) a use, "
            f"{price} for a credit of {product.id}; bought ahead at {service_url}{resource.buy_path}"
        )
    lines += ["", "## Documents", ""]
    lines += [
        f"- [OpenAPI]({service_url}/openapi.json): every route, body, answer and refusal",
        f"- [Catalog]({service_url}/api/catalog): products, prices and ways to pay, as they are now",
        f"- [Identity]({service_url}/.well-known/did.json): the keys that sign payment requests and receipts",
    ]
    return "\n".join((*lines, "")).encode()


def _use(resource: Resource) -> str:
    if not isinstance(resource.fulfilment, Described):
        return "as its own documentation says"
    told = resource.fulfilment.describe()
    example = strict_json.dumps(told.examples.get(told.request, {}))
    return f"{told.summary}; `POST` JSON such as `{example}`"


def service_info(service_url: str) -> dict[str, Any]:
    """`x-service-info` of the OpenAPI document."""
    urls = {"apiReference": "/openapi.json", "llms": "/llms.txt"}
    return {"docs": {name: f"{service_url}{path}" for name, path in urls.items()}}


def payment_info(charges: Sequence[ChargeTerms], description: str) -> dict[str, Any]:
    """`x-payment-info` of a payable operation. The amount depends on rates and the request, and stands in the 402."""
    return {
        "offers": [
            {
                "intent": "charge",
                "method": charge.method,
                "amount": None,
                "currency": charge.currency,
                "description": description,
            }
            for charge in charges
        ]
    }
