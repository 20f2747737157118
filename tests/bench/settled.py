"""The choice that a user has: every call settled on a chain, or credits bought once and every use durable.

Both are driven by one httpx client with so many calls under way. PyPI `x402` verifies and settles each call by its own
facilitator on a real EVM in a process (py-evm: a chain without other users, whose blocks wait for nobody), so its rate
is what the software leaves of it, and no network's.
"""

import asyncio
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from eth_account import Account
from eth_utils.crypto import keccak
from x402 import x402Client
from x402.http.utils import decode_payment_required_header, encode_payment_signature_header
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentPayload, PaymentRequirements

from shared.keys import SigningKey
from shared.tokens import dpop
from tests.bench.process import START_SECONDS, free_port, served
from tests.bench.servers import ours, priced, settling_x402
from tests.support.evm.evm_node import EvmNode
from tests.support.evm.x402_facilitator import X402Facilitator

#: what a thousand calls cost whoever pays for the gas or the burns: on Base, at a price of gas and of ether, and of ADA
GAS_GWEI, ETHER_USD, ADA_USD = 0.01, 3000, 0.5
PAYEE = Account.from_key(keccak(b"payee")).address
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class SettledRun:
    """Calls a second, the slowest hundredth in milliseconds, and what a thousand of them cost in cents."""

    calls: int
    rate: float
    p99: float
    cents: float


@dataclass(frozen=True, slots=True)
class Settled:
    """x402 that settles each call, and ours, whose uses are durable; with the burn of each use, and without."""

    peer: SettledRun
    ours: SettledRun


class InOrder(X402Facilitator):
    """Settles one at a time: this chain takes a sender's transactions in the order of their numbers alone."""

    def __init__(self, node: EvmNode) -> None:
        super().__init__(node)
        self._turn = threading.Lock()

    def _settle(self, payload: PaymentPayload, asked: PaymentRequirements) -> Any:
        with self._turn:
            return super()._settle(payload, asked)


def measure_settled(folder: Path, *, calls: int, uses: int, lovelace_each: float) -> Settled:
    """`lovelace_each`: what a use's burn costs in a full batch."""
    folder.mkdir()
    return Settled(_peer(calls), _ours(folder, uses, lovelace_each))


def _peer(calls: int) -> SettledRun:
    with EvmNode() as node, InOrder(node) as facilitator, _server(facilitator.url) as url:
        signer = EthAccountSigner(Account.from_key(keccak(b"payer")))
        node.mint(signer.address, 10**12)
        client = register_exact_evm_client(x402Client(), signer)
        headers = asyncio.run(_signed(client, url, calls))
        before = node.gas_used()
        run = asyncio.run(_drive(url + settling_x402.PATH, headers, 200))
        gas = (node.gas_used() - before) / calls
    dollars = gas * GAS_GWEI * 1e-9 * ETHER_USD
    return SettledRun(calls, *run, cents=round(dollars * 1000 * 100, 2))


def _ours(folder: Path, uses: int, lovelace_each: float) -> SettledRun:
    port = free_port()
    buyer = ours.buy(folder, port)
    with served("priced", folder, port) as server:
        url, key = server.url + priced.PATH, SigningKey.from_seed(buyer.seed)
        headers = []
        for _ in range(uses):
            now, jti = int(time.time()), str(uuid.uuid4())
            proof = dpop.make(key, method="POST", url=url, now=now, jti=jti, token=buyer.receipt)
            headers.append({"Authorization": f"DPoP {buyer.receipt}", "DPoP": proof})
        run = asyncio.run(_drive(url, headers, 200))
    cents = lovelace_each / 1e6 * ADA_USD * 1000 * 100
    return SettledRun(uses, *run, cents=round(cents, 2))


async def _signed(client: x402Client, url: str, calls: int) -> list[dict[str, str]]:
    """Payments of one 402, each with a nonce of its own, signed before the time is taken."""
    async with httpx.AsyncClient() as http:
        answer = await http.post(url + settling_x402.PATH)
    asked = decode_payment_required_header(answer.headers["payment-required"])
    client.set_spend_controls(False)
    payloads = [await client.create_payment_payload(asked) for _ in range(calls)]
    return [{"PAYMENT-SIGNATURE": encode_payment_signature_header(payload)} for payload in payloads]


async def _drive(url: str, headers: Sequence[dict[str, str]], status: int) -> tuple[float, float]:
    """Calls a second and p99 in milliseconds; every answer has the status."""
    waiting, took = iter(headers), list[float]()

    async def one(http: httpx.AsyncClient) -> None:
        for header in waiting:
            begun = time.perf_counter()
            answer = await http.post(url, headers=header)
            assert answer.status_code == status, answer.text[:300]
            took.append((time.perf_counter() - begun) * 1000)

    async with httpx.AsyncClient(timeout=120) as http:
        begun = time.perf_counter()
        await _all(one(http) for _ in range(AT_ONCE))
        seconds = time.perf_counter() - begun
    return round(len(took) / seconds, 1), round(statistics.quantiles(took, n=100)[98], 1)


async def _all(work: Iterator[Awaitable[None]]) -> None:
    await asyncio.gather(*work)


@contextmanager
def _server(facilitator: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.servers.settling_x402", str(port), facilitator, PAYEE]
    process = subprocess.Popen(command)
    try:
        url = f"http://127.0.0.1:{port}"
        _until(lambda: httpx.post(url + settling_x402.PATH).status_code == httpx.codes.PAYMENT_REQUIRED)
        yield url
    finally:
        process.terminate()
        process.wait()


def _until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            if ready():
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > end:
            raise TimeoutError("the peer does not answer")
        time.sleep(0.1)
