"""Buys from any x402 seller on Cardano with PyPI x402, for 5 ADA a call at most.

KEY=key.pem CHAIN_URL=https://cardano-preprod.blockfrost.io/api/v0 BLOCKFROST_PROJECT_ID=… NETWORK=cardano:preprod \
python examples/x402_cardano_client.py https://seller.example/weather
"""

import asyncio
import os
import sys
from pathlib import Path

import httpx
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport

from buyer.schemes.payment_maker import PaymentMaker
from buyer.schemes.x402_client_scheme import CardanoClientScheme
from shared.keys import SigningKey


async def main(url: str) -> None:
    """Prints what was bought."""
    network = os.environ["NETWORK"]
    maker = PaymentMaker(
        SigningKey.from_pem(Path(os.environ["KEY"]).read_bytes()),  # noqa: ASYNC240  once, at the start
        network,
        os.environ["CHAIN_URL"],
        os.environ.get("BLOCKFROST_PROJECT_ID", ""),
    )
    client = x402Client().register(network, CardanoClientScheme(maker))
    client.set_spend_controls(
        {"allowed_assets": [{"network": network, "asset": "lovelace", "max_amount_per_payment": "5000000"}]}
    )
    async with httpx.AsyncClient(transport=x402AsyncTransport(client), timeout=120) as http:
        answer = await http.get(url)
    print(answer.status_code, answer.text)  # noqa: T201  what it is for


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
