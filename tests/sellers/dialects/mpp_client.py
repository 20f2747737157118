"""A payer who speaks MPP and knows nothing else of ours, but how a transaction on Cardano names what it pays."""

import base64
from typing import Any

import httpx
from mpp import Challenge, Credential

from shared.cardano.metadata import payment_metadata
from tests.support.world.scenes.payment_scene import PaymentScene

BUY, ONE = "/api/images/buy", {"credits": 1}


class Client:
    """Reads challenges and writes credentials with PyPI `pympp`."""

    def __init__(self, paying: PaymentScene) -> None:
        self._paying = paying
        self._http = paying.stage.seller.http

    def ask(self, path: str = BUY, **body: Any) -> Challenge:
        answer = self._paying.stage.run(self._http.post(path, json=body or ONE))
        assert answer.status_code == 402
        (line,) = answer.headers.get_list("www-authenticate")
        return Challenge.from_www_authenticate(line)

    def transaction(self, asked: Challenge, **changes: Any) -> bytes:
        """What pays it, and names it."""
        pay = [(asked.request["recipient"], int(asked.request["amount"]))]
        metadata = payment_metadata(bytes.fromhex(asked.request["externalId"]))
        return self._paying.signed(self._paying.buy(), **{"pay": pay, "metadata": metadata, **changes})

    def header(self, asked: Challenge, raw: bytes, **changes: Any) -> dict[str, str]:
        """`changes` are the payload's."""
        payload = {"type": "transaction", "transaction": base64.b64encode(raw).decode()}
        credential = Credential(challenge=asked.to_echo(), payload=payload | changes)
        return {"Authorization": credential.to_authorization()}

    async def send(self, header: dict[str, str], path: str = BUY, **body: Any) -> httpx.Response:
        return await self._http.post(path, json=body or ONE, headers=header)

    def pay(self, header: dict[str, str], path: str = BUY, **body: Any) -> httpx.Response:
        return self._paying.stage.run(self.send(header, path, **body))
