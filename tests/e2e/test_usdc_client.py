"""PyPI `x402`, unmodified, buys for USDC from `paywall serve`, and a seller that is killed over it loses nothing."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.exact.client import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentRequirements

from tests.sellers.dialects.x402_client import BUY, ONE, decoded, encoded
from tests.support.evm.evm_node import NETWORK, EvmNode
from tests.support.evm.usdc_scene import PAYEE, PRICE, environment_of
from tests.support.evm.x402_facilitator import X402Facilitator
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess
from tests.support.services.npm_tools import npm

Running = tuple[EvmNode, X402Facilitator, SellerProcess]
SIGNER = EthAccountSigner(Account.from_key(keccak(b"payer")))


@pytest.fixture
def running(
    devnet: DevnetProcess, node: EvmNode, facilitator: X402Facilitator, tmp_path: Path
) -> Iterator[Running]:
    node.mint(SIGNER.address, 100 * PRICE)
    with SellerProcess(devnet, tmp_path, **environment_of(node, facilitator)) as seller:
        yield node, facilitator, seller


def test_the_packages_client_buys_credits_and_uses_them(running: Running) -> None:
    node, _, seller = running
    client = register_exact_evm_client(x402Client(), SIGNER)

    async def buy_and_use() -> tuple[httpx.Response, httpx.Response]:
        transport = x402AsyncTransport(client)
        async with httpx.AsyncClient(transport=transport, base_url=seller.url, timeout=60) as http:
            bought = await http.post(BUY, json=ONE)
            bearer = {"Authorization": f"Bearer {bought.json()['receipt']}"}
            used = await http.post("/api/images/generate", json={"name": "James Monroe"}, headers=bearer)
        return bought, used

    bought, used = asyncio.run(buy_and_use())
    assert (bought.status_code, bought.json()["credits"]["available"]) == (200, 1)
    assert decoded(bought.headers["payment-response"])["success"] is True
    assert (used.status_code, used.headers["credits-remaining"]) == (200, "0")
    assert node.balance(PAYEE) == PRICE


def test_npms_client_buys_credits_and_pays_for_a_use_in_its_own_call(running: Running) -> None:
    node, _, seller = running
    key, network = "0x" + keccak(b"payer").hex(), NETWORK
    bought, used = npm().run(
        Path(__file__).parents[1] / "conformance" / "x402_fetch.mjs",
        [
            {"url": f"{seller.url}{BUY}", "body": ONE, "key": key, "network": network},
            {
                "url": f"{seller.url}/api/images/generate",
                "body": {"name": "James Monroe"},
                "key": key,
                "network": network,
            },
        ],
    )
    assert (bought["status"], bought["payment"]["success"]) == (200, True)
    assert json.loads(bought["body"])["credits"]["available"] == 1
    assert (used["status"], used["credits"], used["payment"]["success"]) == (200, "0", True)
    assert node.balance(PAYEE) == 2 * PRICE


def test_a_seller_that_is_killed_while_it_is_settled_hands_out_the_receipt_afterwards(
    running: Running,
) -> None:
    node, facilitator, seller = running
    facilitator.settle_fault = "late"
    with httpx.Client(base_url=seller.url, timeout=60) as http:
        asked = decoded(http.post(BUY, json=ONE).headers["payment-required"])
        entry = next(one for one in asked["accepts"] if one["network"].startswith("eip155:"))
        payload = ExactEvmScheme(SIGNER).create_payment_payload(PaymentRequirements.model_validate(entry))
        header = {"PAYMENT-SIGNATURE": encoded({"x402Version": 2, "accepted": entry, "payload": payload})}
    asyncio.run(_cut_off(seller, facilitator, header))
    seller.start()
    answer = httpx.post(f"{seller.url}{BUY}", json=ONE, headers=header, timeout=60)
    assert (answer.status_code, answer.json()["credits"]["available"]) == (200, 1)
    assert node.balance(PAYEE) == PRICE
    assert facilitator.calls.count("/settle") == 1


async def _cut_off(seller: SellerProcess, facilitator: X402Facilitator, header: dict[str, str]) -> None:
    """Kills the seller once the money has moved, and before it is told."""
    async with httpx.AsyncClient(base_url=seller.url, timeout=60) as http:
        paying = asyncio.create_task(http.post(BUY, json=ONE, headers=header))
        assert await asyncio.to_thread(facilitator.settled.wait, 30)
        await asyncio.to_thread(seller.kill)
        with pytest.raises(httpx.TransportError):
            await paying
