"""The processes of the demo: the seller, and another program that sells a route of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from paywall.private_files import private_file

START_SECONDS, BUYER_SECONDS = 150, 90
POLL_SECONDS = 0.2


class DemoFailed(Exception):
    """A step did not hold."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo's seller listens, and its folder."""

    folder: Path
    url: str
    environment: dict[str, str]


@contextmanager
def demo_seller(folder: Path) -> Iterator[Stage]:
    port, operator_port, devnet_port = _free_port(), _free_port(), _free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PAYWALL_", "BUYER_"))},
        "PAYWALL_DATA_DIR": str(folder),
        "PAYWALL_PORT": str(port),
        "PAYWALL_OPERATOR_PORT": str(operator_port),
        "PAYWALL_DEVNET_PORT": str(devnet_port),
        "BUYER_WALLET": str(folder / "wallet.db"),
        "BUYER_SELLER": f"http://127.0.0.1:{port}",
    }
    for name in ("DATABASE_URL", "OPENAI_API_KEY", "BLOCKFROST_PROJECT_ID"):
        environment.pop(name, None)  # the demo shows the embedded parts, whatever this shell is set up for
    url = environment["BUYER_SELLER"]
    with _running(["paywall", "serve"], environment, folder / "seller.log", url):
        yield Stage(folder, url, environment)


@contextmanager
def another_app(stage: Stage) -> Iterator[str]:
    """A program of somebody else's, with a paywall, keys and books of its own on the same chain; its URL."""
    port, folder = _free_port(), stage.folder / "app"
    environment = {
        **stage.environment,
        "PAYWALL_DATA_DIR": str(folder),
        "PAYWALL_PORT": str(port),
        "PAYWALL_OPERATOR_PORT": str(_free_port()),
        "PAYWALL_POLICY": "none",
        "PAYWALL_NETWORK": "devnet",
        "PAYWALL_BLOCKFROST_URL": f"http://127.0.0.1:{stage.environment['PAYWALL_DEVNET_PORT']}/api/v0",
    }
    url = f"http://127.0.0.1:{port}"
    with _running(["paywall.cli.demo_app"], environment, stage.folder / "app.log", url):
        yield url


@contextmanager
def _running(module: list[str], environment: dict[str, str], log: Path, url: str) -> Iterator[None]:
    """`python -m` of it, once it is ready at its URL."""
    private_file(log)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *module], env=environment, stdout=output, stderr=output
        )
        try:
            _wait_until_ready(process, url)
            yield
        finally:
            process.terminate()
            try:
                process.wait(BUYER_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    """The first start installs the ledger rules, which takes a few seconds more."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoFailed(f"the process at {url} ended with status {process.returncode}")
        try:
            if httpx.get(f"{url}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"nothing is ready at {url} after {START_SECONDS} s")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
