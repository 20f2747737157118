"""A seller over loopback that can be told to misbehave. It mirrors the API of our README and OpenAPI.

It signs real papers, settles on a real devnet and burns real tokens; prices, storage and pictures are stand-ins.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared import keys, merkle
from shared.cardano.metadata import BatchCommitment
from shared.cardano.read.transaction import parse
from shared.dialects import ack
from shared.keys import SigningKey
from shared.problem import Problem
from shared.redemption_commitment import request_hash
from shared.tokens import dpop, jws, prt, receipt
from shared.tokens.prt import Order
from tests.support.hostile import papers
from tests.support.hostile.books import Sale, Use
from tests.support.hostile.custody import NETWORK, Custody
from tests.support.hostile.lies import Lies
from tests.support.hostile.papers import RATE
from tests.support.hostile.serving import serving
from tests.support.processes.devnet import DevnetProcess


class FakeSeller:
    """`app` is its ASGI app; `sales` and `uses` are its books, `calls` what it was asked, in order."""

    def __init__(self, devnet: DevnetProcess, *, origin: str = "http://localhost:8402") -> None:
        self.devnet = devnet
        self.origin = origin
        self.key = SigningKey.generate()
        self.did = self.key.public.did
        self.custody = Custody(devnet, self.key)
        self.address, self.token = self.custody.address, self.custody.token
        self.lies = Lies()
        self.clock: Callable[[], int] = lambda: int(time.time())
        self.unit_price = 100
        self.sales: dict[str, Sale] = {}
        self.uses: dict[str, Use] = {}
        self.calls: list[str] = []
        self.revoked: list[int] = []  # of receipts that a lie gives a place in its status list
        self.app = Starlette(
            routes=[
                Route("/api/catalog", self._catalog),
                Route("/.well-known/did.json", self._did_document),
                Route("/api/images/buy", self._buy, methods=["POST"]),
                Route("/api/payments", self._pay, methods=["POST"]),
                Route("/api/images/generate", self._generate, methods=["POST"]),
                Route("/api/images/{id}", self._image),
                Route("/api/credits", self._credits),
                Route("/api/redemptions/{id}", self._redemption),
                Route("/api/status-lists/0", self._status_list),
            ]
        )

    @property
    def now(self) -> int:
        return self.clock()

    @property
    def transactions(self) -> set[str]:
        """Every payment that was ever handed in."""
        return {tx_hash for sale in self.sales.values() for tx_hash in sale.transactions}

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve on a free port of 127.0.0.1; the URL."""
        with serving(self.app) as self.origin:
            yield self.origin

    async def mint(self) -> None:
        """Give the seller tokens to burn."""
        await self.custody.mint()

    async def burn(self) -> str:
        """Burn for every use so far in one batch; the transaction's hash."""
        uses = list(self.uses.values())
        leaves = [use.leaf for use in uses]
        root = merkle.root(leaves)
        tx_hash = await self.custody.burn(BatchCommitment(root.hash, root.sum, len(uses)))
        for index, use in enumerate(uses):
            use.burn = {
                "version": 2,
                "state": "confirmed",
                "token": self.token.dotted,
                "quantity": 1,
                "leaf": use.leaf.hash.hex(),
                "leaf_index": index,
                "tree_size": len(uses),
                "path": [{"hash": node.hash.hex(), "sum": node.sum} for node in merkle.proof(leaves, index)],
                "root": root.hash.hex(),
                "sum": root.sum,
                "tx_hash": tx_hash,
                "confirmations": 1,
                "required": 1,
            }
        return tx_hash

    async def _did_document(self, request: Request) -> Response:
        return self._answer(request, JSONResponse(keys.did_document(self.did, [self.key.public])))

    async def _catalog(self, request: Request) -> Response:
        tier = {"from": 1, "unit_price": {"amount": self.unit_price, "currency": "USD", "decimals": 2}}
        cheap = {"from": 10, "unit_price": {"amount": self.unit_price // 2, "currency": "USD", "decimals": 2}}
        rail = {"id": "cardano", "network": NETWORK, "currency": "ADA", "decimals": 6, "rate": RATE}
        catalog = {
            "seller": self.did,
            "network": NETWORK,
            "chain": {"blockfrost": self.devnet.url},
            "token": self.token.dotted,
            "products": [{"id": "image-credit", "validity_days": 365, "tiers": [tier, cheap]}],
            "rails": [{**rail, "recipient": self.address, "confirmations": 1}],
        }
        return self._answer(request, JSONResponse(self.lies.catalog(catalog)))

    async def _buy(self, request: Request) -> Response:
        body = await request.json()
        credit_count = body["credits"]
        price = credit_count * (self.unit_price // 2 if credit_count >= 10 else self.unit_price)
        order = Order("image-credit", credit_count, self.token.dotted, body.get("holder"))
        asked = self.lies.request(papers.request(self.did, self.address, price, order, now=self.now))
        token = jws.sign(prt.claims(asked), self.lies.request_signer or self.key)
        self.sales[asked.id] = Sale(asked, token)
        return self._answer(request, Response(token, 402, media_type="application/jwt"))

    async def _pay(self, request: Request) -> Response:
        claim = ack.read_claim((await request.json())["payload"], now=self.now)
        sale = next(sale for sale in self.sales.values() if sale.token == claim.payment_request_token)
        raw, sent = claim.payload.get("transaction"), claim.payload.get("txHash")
        tx_hash = str(sent) if sent is not None else parse(raw if isinstance(raw, bytes) else b"").id
        sale.transactions.add(tx_hash)
        if self.lies.refuse_claims is not None:
            return self._answer(request, _problem(self.lies.refuse_claims))
        if not self.lies.settle:
            told = {"payment_request_id": sale.request.id, "state": "settling", "transaction": tx_hash}
            body = JSONResponse({**told, "confirmations": "0", "required": "1"}, 202, {"Retry-After": "0"})
            return self._answer(request, body)
        if sale.receipt is None:
            if isinstance(raw, bytes):
                answer = self.devnet.submit(raw)
                assert answer.status_code == 200, answer.text
                self.devnet.blocks()
            sale.receipt = self._receipt(sale, claim.payer, claim.option_id)
        settled = {"receipt": sale.receipt, "credits": self._counts(sale)}
        return self._answer(request, JSONResponse({**settled, "payment_request_id": sale.request.id}))

    def _receipt(self, sale: Sale, payer: str, option_id: str) -> str:
        honest = papers.receipt(self.did, payer, sale.token, sale.request.order, now=self.now)
        issued = self.lies.receipt(replace(honest, payment_option_id=option_id))
        return jws.sign(receipt.claims(issued), self.lies.receipt_signer or self.key)

    async def _generate(self, request: Request) -> Response:
        shown = self._shown(request)
        key = request.headers["Idempotency-Key"]
        sale = next(sale for sale in self.sales.values() if sale.receipt == shown)
        again = {"Idempotent-Replayed": "true"} if key in self.uses else {}
        if key not in self.uses:
            if self._counts(sale)["available"] == 0:
                exhausted = Problem(402, "credits_exhausted", "No credits left", "No credits left.")
                return self._answer(request, _problem(exhausted))
            redemption_id = self.lies.redemption_id or str(uuid.uuid4())
            receipt_id = jws.read(shown).payload["jti"]
            asked = request_hash(await request.json())
            salt = uuid.uuid4().bytes
            self.uses[key] = Use(receipt_id, redemption_id, asked, key, salt, self.lies.image)
        use = self.uses[key]
        if "json" not in request.headers["accept"]:
            left = str(self._counts(sale)["available"])
            headers = {"Redemption-Id": use.redemption_id, "Credits-Remaining": left, **again}
            return self._answer(request, Response(use.image, 200, headers, media_type="image/png"))
        told = {
            "redemption_id": use.redemption_id,
            "credits_remaining": self._counts(sale)["available"],
            "subject": self.lies.subject,
            "image": {
                "url": f"/api/images/{use.redemption_id}",
                "media_type": "image/png",
                "sha256": sha256(use.image).hexdigest(),
            },
        }
        return self._answer(request, JSONResponse(told, headers=again))

    async def _image(self, request: Request) -> Response:
        use = self._use(request)
        return self._answer(request, Response(use.image, media_type="image/png"))

    async def _credits(self, request: Request) -> Response:
        shown = self._shown(request)
        sale = next(sale for sale in self.sales.values() if sale.receipt == shown)
        return self._answer(request, JSONResponse({**self._counts(sale), "product": "image-credit"}))

    async def _redemption(self, request: Request) -> Response:
        if request.path_params["id"] not in {use.redemption_id for use in self.uses.values()}:
            return self._answer(
                request, _problem(Problem(404, "not_found", "Not found", "No such redemption."))
            )
        use = self._use(request)
        burn = use.burn
        if burn is not None and "Authorization" in request.headers:
            shown = jws.read(self._shown(request)).payload["jti"]
            burn = {**burn, "preimage": use.preimage} if shown == use.receipt_id else burn
        told = {
            "redemption_id": use.redemption_id,
            "state": "captured",
            "product": "image-credit",
            "burn": None if burn is None else self.lies.burn(dict(burn)),
        }
        return self._answer(request, JSONResponse(told))

    async def _status_list(self, request: Request) -> Response:
        told = papers.status_list(f"{self.origin}/api/status-lists/0", self.key, self.revoked, now=self.now)
        return self._answer(request, JSONResponse(told))

    def _use(self, request: Request) -> Use:
        return next(use for use in self.uses.values() if use.redemption_id == request.path_params["id"])

    def _shown(self, request: Request) -> str:
        """The receipt, with a proof of its key that is good for this very request."""
        scheme, _, token = request.headers["Authorization"].partition(" ")
        assert scheme == "DPoP"
        proof = dpop.verify(
            request.headers["DPoP"],
            method=request.method,
            url_ok=lambda url: url == self.origin + request.url.path,
            now=self.now,
            token=token,
        )
        assert jws.read(token).payload["cnf"]["jkt"] == proof.thumbprint
        return token

    def _counts(self, sale: Sale) -> dict[str, int]:
        receipt_id = jws.read(sale.receipt or "").payload["jti"]
        used = sum(use.receipt_id == receipt_id for use in self.uses.values())
        granted = sale.request.order.credits
        counts = {"granted": granted, "available": granted - used, "captured": used}
        return self.lies.counts({**counts, "reserved": 0, "expired": 0, "revoked": 0})

    def _answer(self, request: Request, honest: Response) -> Response:
        self.calls.append(f"{request.method} {request.url.path}")
        instead = self.lies.instead.get(request.url.path)
        return honest if instead is None else instead()


def _problem(problem: Problem) -> Response:
    headers = {"Retry-After": "0"}
    return JSONResponse(problem.body(), problem.status, headers, media_type="application/problem+json")
