"""The command `buyer`, as a script in CI would call it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.seller_process import SellerProcess, clean_environment


class Buyer:
    """A funded wallet of its own, at one seller."""

    def __init__(self, seller: SellerProcess, folder: Path, *, funded: bool = True) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = clean_environment(
            BUYER_WALLET=str(folder / "wallet.db"), BUYER_SELLER=seller.url, HOME=str(folder)
        )
        self.ok("wallet", "create")
        if funded:
            self.ok("wallet", "fund")

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
