"""A seller for money at ACK Lab alone, in this process, over the fake on loopback."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from sqlalchemy import text

from paywall.clock import unix_now
from paywall.compose import compose, open_ring
from paywall.products.images.room import open_images
from paywall.rails.acklab.settings import AckLabSettings
from paywall.seller import Seller
from paywall.settings import Settings
from shared.dialects.ack import claim_token
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.tokens import jws
from tests.support.acklab import lab_papers
from tests.support.acklab.ack_lab import AckLab
from tests.support.world.image_maker import PlainMaker

T = TypeVar("T")
BASE = "http://127.0.0.1:8402"


def settings_of(lab: AckLab) -> dict[str, str]:
    """The rail's, over the fake."""
    return {
        "acklab_url": lab.url,
        "acklab_client_id": lab.seller.client_id,
        "acklab_client_secret": lab.seller.secret,
        "acklab_agent": lab.seller.id,
        "acklab_recipient": lab.seller.did,
        "acklab_issuers": lab.issuer.public.did,
    }


@dataclass(frozen=True)
class AckLabScene:
    """`holder` buys; it pays as the fake's agent `buyer`."""

    lab: AckLab
    parts: Seller
    runner: asyncio.Runner
    holder: SigningKey

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(what)

    def http(self) -> httpx.AsyncClient:
        app = httpx.ASGITransport(self.parts.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=app, base_url=BASE, timeout=60)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        async def sent() -> httpx.Response:
            async with self.http() as http:
                return await http.post(path, json=body, headers=headers)

        return self.run(sent())

    def ordered(self, credits: int = 3) -> str:
        """The token of a fresh 402."""
        answer = self.post("/api/images/buy", {"credits": credits, "holder": self.holder.public.did})
        assert answer.status_code == 402, answer.text
        return answer.text

    def instructions(self, token: str, **changes: str) -> httpx.Response:
        body = {"payment_request_token": token, "payment_option_id": "acklab", **changes}
        return self.post(f"/api/payment-requests/{claims_of(token)['id']}/instructions", body)

    def asked_there(self, token: str) -> str:
        """The token of the payment request at ACK Lab."""
        answer = self.instructions(token)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["payload"]["paymentRequestToken"])

    def asked_elsewhere(self, token: str) -> str:
        """The same claims, signed by somebody else."""
        return lab_papers.signed(claims_of(token), SigningKey.generate())

    def receipt(self, there: str, **changes: Any) -> str:
        """As ACK Lab issues it when its agent has paid, but for the changes."""
        key = changes.pop("key", self.lab.issuer)
        now = changes.pop("now", unix_now())
        return lab_papers.receipt(key, self.lab.buyer.did, there, now, **changes)

    def evidence(self, token: str, receipt: str) -> Evidence:
        return Evidence(token, "acklab", self.holder.public.did, "acklab", {"receipt": receipt})

    def claim(self, token: str, receipt: str, by: SigningKey | None = None) -> httpx.Response:
        key = by or self.holder
        shown = Evidence(token, "acklab", key.public.did, "acklab", {"receipt": receipt})
        return self.post("/api/payments", {"payload": claim_token(shown, key, now=unix_now())})

    def rows(self, query: str) -> list[Any]:
        def read(tx: Any) -> list[Any]:
            return list(tx.session.connection().execute(text(query)))

        return self.run(self.parts.database.read(read))


def claims_of(token: str) -> dict[str, Any]:
    return dict(jws.unverified(token)[1])


@contextmanager
def open_acklab_scene(folder: Path, *, seconds: int = 900, **changes: Any) -> Iterator[AckLabScene]:
    """A request lives `seconds`; `changes` are the rail's settings."""
    with AckLab() as lab, asyncio.Runner() as runner:
        settings = Settings(
            data_dir=str(folder),
            rails="acklab",
            policy="none",
            request_seconds=seconds,
            room_settings=(AckLabSettings(**{**settings_of(lab), **changes}),),
        )
        parts = compose(settings, open_ring(settings), resources=[open_images(settings, maker=PlainMaker())])
        runner.run(parts.start())
        try:
            yield AckLabScene(lab, parts, runner, SigningKey.generate())
        finally:
            lab.let_go.set()
            runner.run(parts.close())
