"""PyPI `pympp`, unmodified, buys from `paywall serve`: all that is ours is how a transaction is made on Cardano."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
from mpp import Credential, Receipt
from mpp.client.transport import PaymentTransport
from mpp.methods import Method
from mpp.runtime import ClientMethod, CredentialParams
from pydantic import BaseModel

from shared.cardano.metadata import payment_metadata
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess
from tests.support.world.wallets.devnet_wallet import TTL, Wallet

USE = "/api/images/generate"


class Request(BaseModel):
    """What `cardano` asks for in the intent `charge`."""

    amount: str
    currency: str
    externalId: str  # noqa: N815  the wire's name
    recipient: str
    methodDetails: dict[str, Any]  # noqa: N815  the wire's name


class Payload(BaseModel):
    type: str
    transaction: str


class Payer:
    """The method `cardano` for the package's client."""

    def __init__(self, devnet: DevnetProcess, wallet: Wallet) -> None:
        self._devnet = devnet
        self._wallet = wallet
        self.made = 0

    async def create(self, params: CredentialParams) -> str:
        self.made += 1
        asked = params.challenge.request
        coin = max(self._wallet.coins(self._devnet), key=lambda coin: coin.lovelace)
        body = self._wallet.body(coin, pay=[(asked["recipient"], int(asked["amount"]))])
        body[TTL] = int(self._devnet.get("/blocks/latest")["slot"]) + 300
        raw = self._wallet.sign(body, metadata=payment_metadata(bytes.fromhex(asked["externalId"])))
        payload = {"type": "transaction", "transaction": base64.b64encode(raw).decode()}
        return Credential(challenge=params.challenge.to_echo(), payload=payload).to_authorization()


def test_the_packages_client_buys_credits_and_pays_for_a_use_where_it_asks(tmp_path: Path) -> None:
    with DevnetProcess(block_seconds=0.5) as devnet, SellerProcess(devnet, tmp_path) as seller:
        wallet = Wallet(seed=7)
        wallet.fund(devnet)
        payer = Payer(devnet, wallet)
        method = Method(name="cardano", intent="charge", request_model=Request, payload_model=Payload)
        transport = PaymentTransport([ClientMethod(method=method, create_credential=payer.create)])

        async def buy_and_use() -> tuple[httpx.Response, httpx.Response]:
            async with httpx.AsyncClient(transport=transport, base_url=seller.url, timeout=60) as http:
                bought = await http.post("/api/images/buy", json={"credits": 2})
                return bought, await http.post(USE, json={"name": "Abraham Lincoln"})

        bought, used = asyncio.run(buy_and_use())
        receipt = Receipt.from_payment_receipt(bought.headers["payment-receipt"])
        assert (bought.status_code, bought.json()["credits"]["available"]) == (200, 2)
        assert devnet.ask(f"/txs/{receipt.reference}").status_code == 200
        assert (used.status_code, used.headers["content-type"]) == (200, "image/png")
        assert Receipt.from_payment_receipt(used.headers["payment-receipt"]).method == "cardano"
        assert payer.made == 2
