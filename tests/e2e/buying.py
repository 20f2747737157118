"""The command `buyer`, as a script in CI would call it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess, clean_environment

FUNDS = 100_000_000


class Buyer:
    """A wallet of its own, funded with `FUNDS` lovelace when a devnet is given."""

    def __init__(self, seller: SellerProcess, folder: Path, devnet: DevnetProcess | None = None) -> None:
        self.folder = folder
        self.devnet = devnet
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = clean_environment(
            BUYER_WALLET=str(folder / "wallet.db"), BUYER_SELLER=seller.url, HOME=str(folder)
        )
        self.address = str(self.ok("wallet", "create")["address"])
        if devnet is not None:
            devnet.faucet(self.address, FUNDS)
            devnet.blocks()

    @property
    def spent(self) -> int:
        """Lovelace that are gone, by the chain."""
        assert self.devnet is not None
        amounts = self.devnet.get(f"/addresses/{self.address}")["amount"]
        return FUNDS - sum(int(amount["quantity"]) for amount in amounts if amount["unit"] == "lovelace")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "buyer", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=90)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def ok(self, *arguments: str) -> Any:
        """Its JSON; the command must succeed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
