"""A Starlette app with PyPI pympp that is paid in ADA by its method `cardano`, and a client that pays it.

Both: CHAIN_URL=https://cardano-preprod.blockfrost.io/api/v0 BLOCKFROST_PROJECT_ID=… NETWORK=cardano:preprod
MPP_SECRET_KEY=… PAY_TO=addr_test1… uvicorn --app-dir examples pympp_cardano:app
KEY=key.pem python examples/pympp_cardano.py http://127.0.0.1:8000/weather
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import httpx
from mpp.client.transport import PaymentTransport
from mpp.server import Mpp  # type: ignore[attr-defined]  # by a lazy export
from mpp.server.decorator import pay
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from buyer.schemes.payment_maker import PaymentMaker
from buyer.schemes.pympp_payer import cardano_payer
from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.facilitator.settlements_file import SettlementsFile
from paywall.schemes.pympp_charger import CardanoPaymentPending, cardano_charger
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey

NETWORK = os.environ["NETWORK"]
CHAIN = os.environ["CHAIN_URL"], os.environ.get("BLOCKFROST_PROJECT_ID", "")


async def weather(_request: Request, credential: Any, receipt: Any) -> Response:  # noqa: ARG001  by name
    """Runs once the payment is in a block."""
    return JSONResponse({"weather": "rain"})


async def pending(_request: Request, error: Exception) -> Response:
    """The package leaves it to the app: the client is to send the same credential again."""
    assert isinstance(error, CardanoPaymentPending)
    return JSONResponse(error.to_problem_details(), error.status, headers={"Retry-After": "20"})


def shop(pay_to: str, secret: str) -> Starlette:
    """The seller: 2 ADA a call."""
    chain = Blockfrost(*CHAIN)
    facilitator = CardanoFacilitator(NETWORK, chain, SettlementsFile(Path("settlements.db")))
    charging = Mpp(cardano_charger(facilitator, pay_to), realm="weather", secret_key=secret)
    return Starlette(
        routes=[Route("/weather", pay(charging["charge"](amount="2000000"))(weather))],
        exception_handlers={CardanoPaymentPending: pending},
    )


async def buy(url: str, key: SigningKey) -> None:
    """The buyer: 5 ADA a payment at most."""
    maker = PaymentMaker(key, NETWORK, *CHAIN)
    transport = PaymentTransport([cardano_payer(maker, {"lovelace": 5_000_000})])
    async with httpx.AsyncClient(transport=transport, timeout=120) as http:
        answer = await http.get(url)
    print(answer.status_code, answer.text)  # noqa: T201  what it is for


if __name__ == "__main__":
    asyncio.run(buy(sys.argv[1], SigningKey.from_pem(Path(os.environ["KEY"]).read_bytes())))
else:
    app = shop(os.environ["PAY_TO"], os.environ["MPP_SECRET_KEY"])
