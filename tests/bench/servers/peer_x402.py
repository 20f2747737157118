"""The peer PyPI `x402`: its own Starlette middleware over one route, with a facilitator that nods in process.

Nothing is verified, settled or written behind it: what is measured is the package itself.
"""

from typing import Any, ClassVar

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from x402 import (  # type: ignore[import-not-found, unused-ignore]  # the bench extra; dev is without it
    x402Client,
    x402ResourceServer,
)
from x402.http.middleware.fastapi import (  # type: ignore[import-not-found, unused-ignore]  # the bench extra
    PaymentMiddlewareASGI,
)
from x402.http.utils import (  # type: ignore[import-not-found, unused-ignore]  # the bench extra
    decode_payment_required_header,
    encode_payment_signature_header,
)
from x402.schemas import (  # type: ignore[import-not-found, unused-ignore]  # the bench extra
    AssetAmount,
    SettleResponse,
    SupportedKind,
    SupportedResponse,
    VerifyResponse,
)

from tests.bench.servers.noop import PICTURE

PATH = "/image"
NETWORK = "cardano:preprod"
PAYER = "addr_test1vqpayer"
TRANSACTION = "a5" * 300  # as long as a signed payment in base64


class _Scheme:
    """The scheme "exact" on both sides, without a chain."""

    scheme = "exact"
    default_asset_transfer_method = "default"
    payment_flows: ClassVar[Any] = {"default": {"supported": ("authorization",), "default": "authorization"}}

    def parse_price(self, price: Any, _network: str) -> Any:
        return AssetAmount(amount="2000000", asset="lovelace", extra={})

    def enhance_payment_requirements(self, requirements: Any, _kind: Any, _extensions: Any) -> Any:
        return requirements

    def create_payment_payload(self, _requirements: Any) -> dict[str, Any]:
        return {"transaction": TRANSACTION, "nonce": f"{'ab' * 32}#0"}


class _Facilitator:
    """Says yes."""

    async def verify(self, _payload: Any, _requirements: Any) -> Any:
        return VerifyResponse(is_valid=True, payer=PAYER)

    async def settle(self, _payload: Any, _requirements: Any) -> Any:
        return SettleResponse(success=True, transaction="ab" * 32, network=NETWORK, payer=PAYER)

    def get_supported(self) -> Any:
        return SupportedResponse(kinds=[SupportedKind(x402_version=2, scheme="exact", network=NETWORK)])


async def _picture(_request: Request) -> Response:
    return Response(PICTURE.data, media_type=PICTURE.media_type)


def app() -> Starlette:
    """The app: 402 without a payment, a picture with one."""
    server = x402ResourceServer(_Facilitator())
    server.register(NETWORK, _Scheme())
    accepts: Any = {"scheme": "exact", "payTo": PAYER, "price": "$1.00", "network": NETWORK}
    terms: Any = {f"POST {PATH}": {"accepts": accepts, "description": "1 image credit"}}
    return Starlette(
        routes=[Route(PATH, _picture, methods=["POST"])],
        middleware=[Middleware(PaymentMiddlewareASGI, routes=terms, server=server)],
    )


async def paid_headers(base_url: str) -> dict[str, str]:
    """The header of a paid request, made by the package's own client from a 402."""
    async with httpx.AsyncClient(base_url=base_url) as http:
        answer = await http.post(PATH)
    client = x402Client().register(NETWORK, _Scheme())
    client.set_spend_controls(False)
    asked = decode_payment_required_header(answer.headers["payment-required"])
    return {"PAYMENT-SIGNATURE": encode_payment_signature_header(await client.create_payment_payload(asked))}
