"""A payer who speaks x402 and knows nothing else of ours."""

import base64
import json
from typing import Any

import httpx

from shared.cardano.read.transaction import parse
from tests.support.world.scenes.payment_scene import PaymentScene

BUY, ONE = "/api/images/buy", {"credits": 1}


def decoded(header: str) -> Any:
    return json.loads(base64.b64decode(header, validate=True))


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


class Client:
    """A payer by x402's words alone."""

    def __init__(self, paying: PaymentScene) -> None:
        self._paying = paying
        self._http = paying.stage.seller.http

    def ask(self, path: str = BUY, **body: Any) -> Any:
        """What a 402 asks for."""
        answer = self._paying.stage.run(self._http.post(path, json=body or ONE))
        assert answer.status_code == 402
        return decoded(answer.headers["payment-required"])

    def transaction(self, **changes: Any) -> bytes:
        """Pays one credit, and names no payment request."""
        return self._paying.signed(self._paying.buy(), **{"metadata": None, **changes})

    def header(self, asked: Any, raw: bytes, **changes: Any) -> dict[str, str]:
        """What pays in the first way that is asked for; `changes` are the payload's."""
        tx_hash, index = parse(raw).inputs[0]
        payload = {"transaction": base64.b64encode(raw).decode(), "nonce": f"{tx_hash}#{index}"}
        said = {"x402Version": 2, "accepted": asked["accepts"][0], "payload": payload | changes}
        return {"PAYMENT-SIGNATURE": encoded(said)}

    def named(self, header: dict[str, str]) -> str:
        """The id of the payment request that it says it pays."""
        extra = decoded(header["PAYMENT-SIGNATURE"])["accepted"]["extra"]
        return str(extra["paymentRequest"].partition(".")[0])

    async def send(self, header: dict[str, str], path: str = BUY, **body: Any) -> httpx.Response:
        return await self._http.post(path, json=body or ONE, headers=header)

    def pay(self, header: dict[str, str], path: str = BUY, **body: Any) -> httpx.Response:
        return self._paying.stage.run(self.send(header, path, **body))
