"""A seller in this process, over a real devnet, with a payer that does every step by hand.

The app is called through httpx's ASGI transport: no socket, but every byte of the routes. Its worker does not run
by itself: `settle`, `burn` and `tidy` run its steps when a test wants them.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from paywall.burns.burn_worker import BurnWorker
from paywall.burns.custody import Custody
from paywall.compose import compose, open_ring
from paywall.devnet.child import fund_and_mint
from paywall.products.images.maker import ImageMaker
from paywall.products.images.room import open_images
from paywall.seller import Seller as ComposedSeller
from paywall.settings import Settings
from shared.cardano.addresses import enterprise_address
from shared.cardano.draft import Built
from shared.cardano.make.build import payment
from shared.dialects.ack import claim_token
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.tokens import dpop
from shared.tokens.prt import PaymentOption, token_hash
from shared.tokens.prt import verify as verify_request
from tests.support.processes.devnet import DevnetProcess

BASE = "http://127.0.0.1:8402"
NETWORK = "cardano:devnet"


def shown(*, transaction: bytes | None = None, tx_hash: str | None = None) -> dict[str, str | bytes]:
    """The payload of a claim."""
    every: dict[str, str | bytes | None] = {"transaction": transaction, "txHash": tx_hash}
    return {name: value for name, value in every.items() if value is not None}


class Payer:
    """A key that is payer and holder, with money on the devnet."""

    def __init__(self, devnet: DevnetProcess, seller: "Seller", key: SigningKey | None = None) -> None:
        self.devnet = devnet
        self.seller = seller
        self.key = key or SigningKey.generate()
        self.did = self.key.public.did
        self.address = enterprise_address(self.key.public, NETWORK)

    def fund(self, lovelace: int = 1_000_000_000) -> None:
        self.devnet.faucet(self.address, lovelace)
        self.devnet.blocks()

    def proof(self, method: str, path: str, receipt: str | None = None, jti: str | None = None) -> str:
        now = self.seller.now()
        jti = jti or str(uuid.uuid4())
        return dpop.make(self.key, method=method, url=BASE + path, now=now, jti=jti, token=receipt)

    def headers(
        self, receipt: str, path: str = "/api/images/generate", method: str = "POST"
    ) -> dict[str, str]:
        return {"Authorization": f"DPoP {receipt}", "DPoP": self.proof(method, path, receipt)}

    async def buy(self, credits: int, *, holder: bool = True) -> str:
        """The PRT of a fresh 402."""
        body = {"credits": credits, **({"holder": self.did} if holder else {})}
        answer = await self.seller.http.post("/api/images/buy", json=body)
        assert answer.status_code == 402, answer.text
        return answer.text

    def option(self, token: str) -> PaymentOption:
        return verify_request(token, self.seller.keys, issuer=self.seller.did, now=None).options[0]

    async def build(self, token: str, **changes: Any) -> Built:
        """A signed, unbroadcast payment; `changes` spoil it."""
        option = self.option(token)
        chain = self.seller.parts.chain
        tip = await chain.tip()
        terms: dict[str, Any] = {
            "utxos": await chain.utxos(self.address),
            "change_address": self.address,
            "recipient": option.recipient,
            "lovelace": option.amount,
            "token_hash": token_hash(token),
            "parameters": await chain.parameters(),
            "expiry_slot": tip.slot + 300,
            "key": self.key.public,
            "network": NETWORK,
            **changes,
        }
        draft = payment(**terms)
        return draft.sign(self.key.public, self.key.sign(bytes.fromhex(draft.id)))

    def claim(
        self, token: str, *, raw: bytes | None = None, tx_hash: str | None = None, **changes: Any
    ) -> str:
        fields: dict[str, Any] = {
            "payment_request_token": token,
            "option_id": self.option(token).id,
            "payer": self.did,
            "network": NETWORK,
            "payload": shown(transaction=raw, tx_hash=tx_hash),
            **changes,
        }
        return claim_token(Evidence(**fields), self.key, now=self.seller.now())

    async def pay(self, token: str) -> httpx.Response:
        """Pays by an unbroadcast transaction; the answer after enough blocks."""
        payload = self.claim(token, raw=(await self.build(token)).raw)
        answer = await self.seller.claim(payload)
        assert answer.status_code == 202, answer.text
        self.devnet.blocks(self.seller.parts.settings.required_confirmations)
        return await self.seller.claim(payload)

    async def receipt(self, credits: int, *, holder: bool = True) -> str:
        """Buys and pays; the receipt."""
        answer = await self.pay(await self.buy(credits, holder=holder))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["receipt"])

    async def generate(
        self, receipt: str, body: object | None = None, key: str | None = None
    ) -> httpx.Response:
        headers = {"Accept": "application/json", **self.headers(receipt)}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.seller.http.post("/api/images/generate", json=body or {}, headers=headers)


class Seller:
    """The parts of a seller, and a client that talks to its app."""

    def __init__(
        self, parts: ComposedSeller, http: httpx.AsyncClient, devnet: DevnetProcess, did: str
    ) -> None:
        self.parts = parts
        self.http = http
        self.devnet = devnet
        self.did = did
        self.keys = parts.identity.keys

    @property
    def custody(self) -> Custody:
        assert self.parts.custody is not None
        return self.parts.custody

    @property
    def burning(self) -> BurnWorker:
        assert self.parts.burning is not None
        return self.parts.burning

    def now(self) -> int:
        from paywall.clock import unix_now

        return unix_now()

    def payer(self, *, lovelace: int = 1_000_000_000) -> Payer:
        payer = Payer(self.devnet, self)
        payer.fund(lovelace)
        return payer

    async def claim(self, payload: str) -> httpx.Response:
        return await self.http.post("/api/payments", json={"payload": payload})

    async def burn(self, steps: int = 12) -> None:
        """Brings every waiting burn to its end, with a block after each step."""
        for _ in range(steps):
            await self.burning.step()
            self.devnet.blocks()

    async def metrics(self) -> str:
        """What the operator is told."""
        return (await self._operator("/metrics")).text

    async def readiness(self) -> dict[str, str]:
        """A note for each part."""
        return dict((await self._operator("/readyz")).json())

    async def _operator(self, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.parts.operator)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            return await http.get(path)

    async def invariants(self) -> list[str]:
        """The lines of `reconcile` that are broken."""
        from paywall.ops.reconcile import Reconciliation

        checks = await Reconciliation(self.parts.database, self.custody, self.parts.chain).run()
        return [check.line() for check in checks if not check.holds]


Selling = Callable[..., AbstractAsyncContextManager[Seller]]


@asynccontextmanager
async def open_seller(
    devnet: DevnetProcess,
    folder: Path,
    *,
    maker: ImageMaker | None = None,
    database_url: str = "",
    **settings: Any,
) -> AsyncIterator[Seller]:
    """A seller with a supply of its own on `devnet` (whose blocks are made on demand)."""
    wanted: dict[str, Any] = {
        "data_dir": str(folder),
        "blockfrost_url": devnet.url,
        "database_url": database_url,
        "batch_seconds": 0,
        "confirmations": 1,
        **settings,
    }
    chosen = Settings(**wanted)
    parts = compose(chosen, open_ring(chosen), resources=[open_images(chosen, maker=maker)])
    await parts.start()
    assert parts.custody is not None
    async with make_blocks(devnet):
        await fund_and_mint(parts.settings, parts.custody, parts.chain)
    transport = httpx.ASGITransport(parts.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        try:
            yield Seller(parts, http, devnet, parts.identity.did)
        finally:
            await parts.close()


@asynccontextmanager
async def make_blocks(devnet: DevnetProcess) -> AsyncIterator[None]:
    """While somebody waits for blocks that are made on demand."""
    stop = asyncio.Event()

    async def make() -> None:
        while not stop.is_set():
            await asyncio.to_thread(devnet.blocks)
            await asyncio.sleep(0.02)

    making = asyncio.create_task(make())
    try:
        yield
    finally:
        stop.set()
        await making
