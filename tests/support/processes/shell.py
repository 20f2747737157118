"""Runs the `buyer` command as scripts do."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.hostile.seller import FakeSeller
from tests.support.processes.secret_pipe import descriptor_of

SECONDS = 60


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """Stdout as exactly one JSON object."""
        assert len(self.out.splitlines()) == 1, self.out
        told = json.loads(self.out)
        assert isinstance(told, dict)
        return told


class Shell:
    """Runs `buyer` in a folder of its own against one seller."""

    def __init__(self, seller: FakeSeller, url: str, folder: Path) -> None:
        self.seller = seller
        self.folder = folder
        self.wallet = folder / "wallet.db"
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "BUYER_WALLET": str(self.wallet),
            "BUYER_SELLER": url,
        }

    def start(self, *arguments: str, descriptors: Sequence[int] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "buyer", *arguments],
            cwd=self.folder,
            env={**self.environment, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=descriptors,
        )

    def run(self, *arguments: str, descriptors: Sequence[int] = ()) -> Finished:
        process = self.start(*arguments, descriptors=descriptors)
        out, err = process.communicate(timeout=SECONDS)
        return Finished(process.returncode, out, err)

    def secretly(self, option: str, secret: str, *arguments: str) -> Finished:
        """Run with `secret` on a descriptor that `option` names."""
        descriptor = descriptor_of(secret + "\n")
        try:
            return self.run(*arguments, option, str(descriptor), descriptors=(descriptor,))
        finally:
            os.close(descriptor)
