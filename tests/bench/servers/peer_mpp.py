"""The peer PyPI `pympp`: its own decorator over one route, with a method that nods in process.

Nothing is verified but the package's own challenge binding, nothing is settled or written.
"""

from datetime import UTC, datetime
from typing import Any

import httpx
from mpp import (  # type: ignore[import-not-found, unused-ignore]  # the bench extra; dev is without it
    Challenge,
    Credential,
    Receipt,
)
from mpp.methods import Method  # type: ignore[import-not-found, unused-ignore]  # the bench extra
from mpp.server import (  # type: ignore[import-not-found, attr-defined, unused-ignore]  # the bench extra
    Mpp,
)
from mpp.server.decorator import pay  # type: ignore[import-not-found, unused-ignore]  # the bench extra
from mpp.server.method import ServerMethod  # type: ignore[import-not-found, unused-ignore]  # the bench extra
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench.servers.noop import PICTURE

PATH = "/image"
TRANSACTION = "a5" * 300  # as long as a signed payment in base64


class _Request(BaseModel):
    amount: str
    currency: str
    recipient: str


class _Payload(BaseModel):
    transaction: str


async def _verify(_context: Any) -> Any:
    return Receipt(status="success", timestamp=datetime.now(UTC), reference="ab" * 32, method="cardano")


def app() -> Starlette:
    """The app: 402 without a credential, a picture with one."""
    method = Method(name="cardano", intent="charge", request_model=_Request, payload_model=_Payload)
    engine = Mpp(ServerMethod(method=method, verify=_verify), realm="bench", secret_key="s" * 32)
    terms = engine["charge"](
        amount="2000000", currency="lovelace", recipient="addr_test1vqseller", description="1 image credit"
    )

    async def picture(request: Request, credential: Any, receipt: Any) -> Response:
        return Response(PICTURE.data, media_type=PICTURE.media_type)

    return Starlette(routes=[Route(PATH, pay(terms)(picture), methods=["POST"])])


async def paid_headers(base_url: str) -> dict[str, str]:
    """The header of a paid request, made from a 402 with the package's own codecs."""
    async with httpx.AsyncClient(base_url=base_url) as http:
        answer = await http.post(PATH)
    challenge = Challenge.from_www_authenticate(answer.headers["www-authenticate"])
    credential = Credential(challenge=challenge.to_echo(), payload={"transaction": TRANSACTION})
    return {"Authorization": credential.to_authorization()}
