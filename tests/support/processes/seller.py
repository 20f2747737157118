"""`paywall serve` in a real subprocess, over a devnet that the test holds."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.support.processes.devnet import DevnetProcess

START_SECONDS = 60


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without any setting of ours, and with `variables`."""
    ours = ("PAYWALL_", "BUYER_", "DATABASE_URL", "OPENAI_", "BLOCKFROST_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(ours)}, **variables}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class SellerProcess:
    """Ready when the context is entered; a restart keeps port, folder and database."""

    def __init__(
        self,
        devnet: DevnetProcess,
        folder: Path,
        *,
        descriptors: int = 0,
        module: Sequence[str] = ("paywall", "serve"),
        **settings: str,
    ) -> None:
        """It may have so many `descriptors`; 0 for as many as this process. `{port}` in `module` is its port."""
        self.port, self.operator_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self._module = [part.format(port=self.port) for part in module]
        self._limited = ["prlimit", f"--nofile={descriptors}:{descriptors}"] if descriptors else []
        self.environment = clean_environment(
            PAYWALL_DATA_DIR=str(folder),
            PAYWALL_PORT=str(self.port),
            PAYWALL_OPERATOR_PORT=str(self.operator_port),
            PAYWALL_BLOCKFROST_URL=devnet.url,
            PAYWALL_CONFIRMATIONS="1",
            **settings,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.folder / "seller.log").read_text()

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "seller.log").open("ab") as output:
            self._process = subprocess.Popen(
                [*self._limited, sys.executable, "-m", *self._module],
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"the seller ended:\n{self.log}"
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)  # it gives no event to await before it listens
        raise AssertionError(f"the seller is not ready after {START_SECONDS} s:\n{self.log}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends it; its exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)

    def ended(self) -> int:
        """Its exit status, when it has ended by itself."""
        assert self._process is not None
        return self._process.wait(30)

    def kill(self) -> None:
        """`kill -9`."""
        self.stop(signal.SIGKILL)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `paywall …` with this seller's settings."""
        return subprocess.run(
            [sys.executable, "-m", "paywall", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
