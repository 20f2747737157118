"""A FastAPI app with PyPI x402 that is paid in ADA: our scheme, and our facilitator in process.

CHAIN_URL=https://cardano-preprod.blockfrost.io/api/v0 BLOCKFROST_PROJECT_ID=… NETWORK=cardano:preprod \
PAY_TO=addr_test1… uvicorn --app-dir examples x402_cardano_server:app
"""

import os
from pathlib import Path

from fastapi import FastAPI
from x402 import x402ResourceServer
from x402.http.middleware.fastapi import payment_middleware
from x402.http.types import PaymentOption, RouteConfig

from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.facilitator.settlements_file import SettlementsFile
from paywall.schemes.x402_facilitating import InProcessFacilitator
from paywall.schemes.x402_server_scheme import CardanoServerScheme
from shared.chain.blockfrost import Blockfrost

network = os.environ["NETWORK"]
chain = Blockfrost(os.environ["CHAIN_URL"], os.environ.get("BLOCKFROST_PROJECT_ID", ""))
# What was settled must be known after a restart too.
facilitator = CardanoFacilitator(network, chain, SettlementsFile(Path("settlements.db")))

server = x402ResourceServer(InProcessFacilitator(facilitator)).register(network, CardanoServerScheme())
price = PaymentOption(
    scheme="exact", pay_to=os.environ["PAY_TO"], price="2 ADA", network=network, max_timeout_seconds=600
)
app = FastAPI()
app.middleware("http")(payment_middleware({"GET /weather": RouteConfig(accepts=price)}, server))


@app.get("/weather")
async def weather() -> dict[str, str]:
    """Its answer goes out when the payment is in a block and another block follows."""
    return {"weather": "rain"}
