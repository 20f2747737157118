"""The devnet as a child process of `paywall serve`, and the money that it starts with."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from urllib.parse import urlsplit

import httpx

from paywall.burns.custody import Custody
from paywall.burns.supply import mint, wait_for
from paywall.burns.wallet.base import WalletChain
from paywall.errors import SetupError
from paywall.settings import Settings
from shared.chain.tls import trusted

#: where the devnet listens
HOST = "127.0.0.1"
STARTING_LOVELACE = 10_000_000_000
STOP_SECONDS = 10


@asynccontextmanager
async def embedded_devnet(settings: Settings) -> AsyncIterator[None]:
    """`devnet_child` off the event loop: its first start installs the ledger rules. Errors: SetupError."""
    child = devnet_child(settings)
    starting = asyncio.ensure_future(asyncio.to_thread(child.__enter__))
    try:
        await asyncio.shield(starting)
        yield
    finally:
        # Cancelled while it starts, it must be there before it can be ended.
        with suppress(SetupError):
            await starting
            await asyncio.to_thread(child.__exit__, None, None, None)


@contextmanager
def devnet_child(settings: Settings) -> Iterator[None]:
    """Runs the devnet until the block ends; it ends with us, however we end. Errors: SetupError."""
    _check_port(settings.devnet_port)
    command = [
        *(sys.executable, "-m", "paywall.devnet", "--exit-with-parent"),
        *("--port", str(settings.devnet_port)),
        *("--data-dir", str(settings.folder / "devnet"), "--cache", str(settings.folder / "ledger")),
        *("--block-seconds", str(settings.devnet_block_seconds)),
    ]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        if not child.stdout.readline().startswith("devnet listening"):
            raise SetupError(
                f"The devnet did not start on port {settings.devnet_port}; what it says is above. "
                + _other_ways(settings.devnet_port)
            )
        yield
    finally:
        child.stdin.close()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()


def _check_port(port: int) -> None:
    try:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((HOST, port))
    except OSError as error:
        raise SetupError(
            f"The devnet cannot listen on port {port} ({error.strerror}). {_other_ways(port)}"
        ) from error


def _other_ways(port: int) -> str:
    return (
        f"To use the devnet that runs there already: PAYWALL_BLOCKFROST_URL=http://{HOST}:{port}/api/v0; "
        "PAYWALL_DEVNET_PORT chooses another port, for a second chain."
    )


async def faucet(settings: Settings, address: str, lovelace: int) -> str:
    """Money from nowhere: the transaction's hash. Errors: SetupError."""
    parts = urlsplit(settings.chain_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    async with httpx.AsyncClient(base_url=origin, timeout=30, verify=trusted(trust_env=True)) as client:
        try:
            answer = await client.post("/devnet/faucet", json={"address": address, "lovelace": lovelace})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise SetupError(f"The devnet's faucet does not answer: {error}") from error
        return str(answer.json()["tx_hash"])


async def fund_and_mint(settings: Settings, custody: Custody, chain: WalletChain) -> bool:
    """On a new devnet: ADA and the supply for the custodial wallet. False when they are there. Errors: SetupError."""
    if custody.has_policy and await chain.supply(custody.asset) is not None:
        return False
    if await chain.utxos(custody.address) == []:
        paid = await faucet(settings, custody.address, STARTING_LOVELACE)
        await wait_for(chain, paid, time_limit=60)
    await mint(settings, custody, chain, settings.supply, time_limit=60)
    return True


async def provide(settings: Settings, custody: Custody, chain: WalletChain) -> None:
    """`fund_and_mint` with a chain client of its own. Errors: SetupError."""
    try:
        await fund_and_mint(settings, custody, chain)
    finally:
        await chain.aclose()


def run_alone(settings: Settings) -> None:
    """`paywall devnet`: in this process, until a signal."""
    from paywall.devnet.__main__ import main

    folder, cache = str(settings.folder / "devnet"), str(settings.folder / "ledger")
    main(
        [
            "--port",
            str(settings.devnet_port),
            "--data-dir",
            folder,
            "--cache",
            cache,
            "--block-seconds",
            str(settings.devnet_block_seconds),
        ],
        prog_name="paywall devnet",
    )
