"""A seller with one payer who has bought: what the threats to tokens, receipts and content start from."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.keys import SigningKey
from shared.tokens import dpop
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.image_maker import PlainMaker
from tests.support.world.scenes.stage import Stage, open_stage
from tests.support.world.seller import BASE, Payer

GENERATE = "/api/images/generate"
THIEF = SigningKey.from_seed(b"\x77" * 32)
#: what a fresh 402 adds to the ledger
NEW_REQUEST = {"payment_request": 1}


@dataclass(frozen=True)
class Scene:
    """A payer with a receipt that is bound to it, and with one that is anybody's."""

    stage: Stage
    maker: PlainMaker
    payer: Payer
    bound: str
    bearer: str

    @property
    def http(self) -> httpx.AsyncClient:
        return self.stage.seller.http

    @property
    def now(self) -> int:
        return self.stage.seller.now()

    def proof(
        self,
        key: SigningKey | None = None,
        *,
        token: str | None,
        method: str = "POST",
        url: str = BASE + GENERATE,
    ) -> str:
        """A holder proof, the payer's own unless `key` says otherwise."""
        return dpop.make(
            key or self.payer.key, method=method, url=url, now=self.now, jti=str(uuid.uuid4()), token=token
        )

    def dpop(self, proof: str) -> dict[str, str]:
        """The headers that show the bound receipt with a proof."""
        return {"Authorization": f"DPoP {self.bound}", "DPoP": proof}

    async def generate(self, body: object, key: str | None = None) -> httpx.Response:
        """By the payer, rightly."""
        return await self.payer.generate(self.bound, body, key)

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a payer's claim of `token`, by a transaction that nobody knows."""
        return {
            "iss": self.payer.did,
            "iat": self.now,
            "exp": self.now + 600,
            "paymentRequestToken": token,
            "paymentOptionId": "cardano",
            "payerDid": self.payer.did,
            "metadata": {"network": "cardano:devnet", "txHash": "ab" * 32},
        }


@contextmanager
def open_scene(devnet: DevnetProcess, folder: Path, *, credits: int = 20) -> Iterator[Scene]:
    maker = PlainMaker()
    with open_stage(devnet, folder, maker=maker) as stage:
        payer = stage.seller.payer()
        bound = stage.run(payer.receipt(credits))
        yield Scene(stage, maker, payer, bound, stage.run(payer.receipt(credits, holder=False)))
