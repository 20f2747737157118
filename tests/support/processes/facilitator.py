"""`paywall facilitator` in a real subprocess."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import clean_environment


class FacilitatorProcess:
    """Ready when the context is entered; `url` is where it answers."""

    def __init__(self, devnet: DevnetProcess, folder: Path) -> None:
        self._environment = clean_environment(
            PAYWALL_NETWORK="devnet", PAYWALL_BLOCKFROST_URL=devnet.url, PAYWALL_DATA_DIR=str(folder)
        )
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "paywall", "facilitator", "--port", "0"],
            env=self._environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        assert " facilitates cardano:devnet on " in line, f"the facilitator did not start: {line!r}"
        self.url = line.strip().rpartition(" ")[2].rstrip(".")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        assert (self._process.communicate(timeout=20)[1], self._process.returncode) == ("", 0)

    def kill(self) -> None:
        """`kill -9`, and another in its place on the same folder."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()
        self.__enter__()
