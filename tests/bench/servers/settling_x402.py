"""The peer PyPI `x402` as its users run it: every call is verified and settled by the package's own facilitator.

`python -m tests.bench.servers.settling_x402 PORT FACILITATOR_URL PAYEE`
"""

import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from x402 import x402ResourceServer
from x402.http import FacilitatorConfig, HTTPFacilitatorClient
from x402.http.middleware.fastapi import PaymentMiddlewareASGI
from x402.mechanisms.evm.exact import ExactEvmServerScheme

from tests.bench.servers.noop import PICTURE
from tests.support.evm.evm_node import NETWORK

PATH = "/image"


async def _picture(_request: Request) -> Response:
    return Response(PICTURE.data, media_type=PICTURE.media_type)


def app(facilitator: HTTPFacilitatorClient, payee: str) -> Starlette:
    """402 without a payment, a picture once it is settled."""
    server = x402ResourceServer(facilitator)
    scheme: Any = ExactEvmServerScheme()  # type: ignore[no-untyped-call]
    server.register(NETWORK, scheme)
    accepts: Any = {"scheme": "exact", "payTo": payee, "price": "$0.001", "network": NETWORK}
    terms: Any = {f"POST {PATH}": {"accepts": accepts, "description": "1 picture"}}
    return Starlette(
        routes=[Route(PATH, _picture, methods=["POST"])],
        middleware=[Middleware(PaymentMiddlewareASGI, routes=terms, server=server)],
    )


if __name__ == "__main__":
    port, url, to = sys.argv[1:]
    asked = HTTPFacilitatorClient(FacilitatorConfig(url=url))
    uvicorn.run(app(asked, to), host="127.0.0.1", port=int(port), log_level="warning", loop="uvloop")
