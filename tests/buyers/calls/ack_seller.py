"""A seller on loopback that speaks ACK-Pay alone, as agentcommercekit's demo does, and lies as a test tells it.

Its 402 is a payment request token in `text/plain`, or the demo's JSON; payments are claimed at its receipt service
(`POST {"payload"}` → `{"receipt"}`), and a call with `Authorization: Bearer <receipt>` is answered. Papers by PyJWT.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.cardano.addresses import enterprise_address
from shared.dialects import ack
from shared.dialects.base import Evidence
from shared.keys import SigningKey, did_document, did_web
from tests.support.acklab import lab_papers
from tests.support.hostile.serving import serving

PAY_TO = enterprise_address(SigningKey.from_seed(bytes([9]) * 32).public, "cardano:devnet")
METHODS = ["GET", "POST"]
DELIVERED = Response("here it is")
#: what it answers, given that the app has the receipt, or is asked without
Answers = Callable[[], Response]


def cardano(**changes: Any) -> dict[str, Any]:
    """The option of two ADA; a lovelace is nothing to a wallet of the tests."""
    asked = {"id": "ada", "amount": 2_000_000, "decimals": 6, "currency": "ADA", "recipient": PAY_TO}
    return {
        name: value
        for name, value in {**asked, "network": "cardano:devnet", **changes}.items()
        if value is not None
    }


class AckSeller:
    """`claims`, `options` and `receipts` are changes of what it signs; `answers` are given to receipts in turn."""

    def __init__(self) -> None:
        self.key = SigningKey.generate()
        self.url = ""
        self.claims: dict[str, Any] = {}
        self.options: dict[str, Any] = {}
        self.receipts: dict[str, Any] = {}
        self.signing: SigningKey | None = None
        #: of whoever asks without a receipt; by default a fresh 402 each time
        self.asks: Answers | None = None
        self.answers: list[Response] = [DELIVERED]
        #: what the receipt service answers instead, in turn
        self.claim_answers: list[Response] = []
        self.catalog: Mapping[str, Any] | None = None
        #: what was claimed, the receipts that were shown, and how often a 402 was given
        self.claimed: list[Evidence] = []
        self.shown: list[str] = []
        self.asked = 0
        self.tokens: list[str] = []

    @property
    def did(self) -> str:
        return did_web(self.url)

    def token(self) -> str:
        now = int(time.time())
        option = cardano(**{"receiptService": f"{self.url}/receipts", **self.options})
        claims = {"iss": self.did, "exp": now + 600, **self.claims}
        name = str(claims.get("id", uuid.uuid4()))
        return lab_papers.payment_request(self.signing or self.key, name, [option], now, **claims)

    def challenge(self) -> Response:
        self.tokens.append(self.token())
        return Response(self.tokens[-1], 402, media_type="text/plain")

    @contextmanager
    def open(self) -> Iterator["AckSeller"]:
        routes = [
            Route("/.well-known/did.json", self._document),
            Route("/api/catalog", self._catalog),
            Route("/receipts", self._receipts, methods=METHODS),
            Route("/api/payments", self._receipts, methods=METHODS),
            Route("/{path:path}", self._thing, methods=METHODS),
        ]
        with serving(Starlette(routes=routes)) as self.url:
            yield self

    @property
    def payments(self) -> set[object]:
        """The transactions that were handed in, each once."""
        return {evidence.payload["transaction"] for evidence in self.claimed}

    async def _document(self, _request: Request) -> Response:
        return JSONResponse(did_document(self.did, [self.key.public]))

    async def _catalog(self, _request: Request) -> Response:
        return Response(status_code=404) if self.catalog is None else JSONResponse(self.catalog)

    async def _receipts(self, request: Request) -> Response:
        body = json.loads(await request.body())
        evidence = ack.read_claim(body["payload"], now=int(time.time()))
        self.claimed.append(evidence)
        if self.claim_answers:
            return self.claim_answers.pop(0)
        changes = dict(self.receipts)
        token = changes.pop("token", evidence.payment_request_token)
        payer = changes.pop("payer", evidence.payer)
        key = changes.pop("key", self.key)
        claims = {"iss": self.did, **changes}
        receipt = lab_papers.receipt(key, payer, token, int(time.time()), evidence.option_id, **claims)
        return JSONResponse({"receipt": receipt, "details": {}})

    async def _thing(self, request: Request) -> Response:
        authorization = request.headers.get("authorization", "")
        if authorization.startswith("Bearer "):
            self.shown.append(authorization)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.asked += 1
        return self.challenge() if self.asks is None else self.asks()


def catalog_of(seller: AckSeller, cents: int = 25) -> dict[str, Any]:
    """Of a paywall that sells one product and burns nothing."""
    tier = {"from": 1, "unit_price": {"amount": cents, "currency": "USD", "decimals": 2}}
    return {
        "seller": seller.did,
        "network": "cardano:devnet",
        "products": [{"id": "thing", "tiers": [tier]}],
        "rails": [],
        "resources": [{"id": "thing", "product": "thing", "credits": 1, "use": "/thing"}],
    }


def ordered(cents: int = 100, credits: int = 4, **order: Any) -> dict[str, Any]:
    """The claims of a paywall's payment request."""
    ends = int(time.time()) + 600
    return {
        "exp": ends,
        "expiresAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends)),
        "price": {"amount": cents, "decimals": 2, "currency": "USD"},
        "order": {"product": "thing", "credits": credits, **order},
    }
