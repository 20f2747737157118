"""The examples for users of PyPI `x402` and `pympp`, run as they stand there: a server of each, and its client."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from shared.cardano.addresses import enterprise_address
from shared.keys import SigningKey
from tests.architecture.modules import ROOT
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import clean_environment, free_port

EXAMPLES = ROOT / "examples"
NETWORK = "cardano:devnet"


class Shop:
    """An example's server on a devnet that makes a block each half second; ready when it says so."""

    def __init__(self, devnet: DevnetProcess, folder: Path, module: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.address = enterprise_address(SigningKey.generate().public, NETWORK)
        self.environment = clean_environment(
            PAYWALL_NETWORK="devnet",
            PAYWALL_BLOCKFROST_URL=devnet.url,
            PAYWALL_DATA_DIR=str(folder / "data"),
            PYTHONPATH=str(ROOT),
            PAY_TO=self.address,
            MPP_SECRET_KEY="s" * 32,
            NETWORK=NETWORK,
            CHAIN_URL=devnet.url,
            KEY=str(folder / "key.pem"),
        )
        self.folder = folder
        key = SigningKey.generate()
        (folder / "key.pem").write_bytes(key.to_pem())
        devnet.faucet(enterprise_address(key.public, NETWORK), 50_000_000)
        port = self.url.rpartition(":")[2]
        served = ["uvicorn", "--app-dir", str(EXAMPLES), f"{module}:app", "--port", port]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *served],
            cwd=folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if "Uvicorn running" in line:
                return
        raise AssertionError("the example did not start")

    def bought(self, example: str) -> str:
        """What the example's client prints."""
        command = [sys.executable, str(EXAMPLES / example), f"{self.url}/weather"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


@pytest.mark.parametrize(
    ("server", "client"),
    [("x402_cardano_server", "x402_cardano_client.py"), ("pympp_cardano", "pympp_cardano.py")],
)
def test_the_examples_client_pays_the_examples_server(server: str, client: str, tmp_path: Path) -> None:
    with DevnetProcess(block_seconds=0.5) as devnet:
        shop = Shop(devnet, tmp_path, server)
        try:
            assert httpx.get(f"{shop.url}/weather").status_code == 402
            assert shop.bought(client) == '200 {"weather":"rain"}'
            paid = devnet.get(f"/addresses/{shop.address}/utxos")
            assert [entry["amount"] for entry in paid] == [[{"unit": "lovelace", "quantity": "2000000"}]]
        finally:
            shop.close()
