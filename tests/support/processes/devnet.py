"""A devnet in a real subprocess, for every test that needs a chain."""

import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

# npm installs the ledger rules once for all tests and all runs.
CACHE = Path(__file__).parents[3] / ".venv" / "devnet-ledger"


class DevnetProcess:
    """`python -m paywall.devnet` on a free port; a restart keeps the port and the chain.

    With `block_seconds` 0 (the default) only `blocks()` makes blocks. Without `data_dir` the chain is in a
    directory of its own, which goes when the context ends.
    """

    def __init__(self, data_dir: Path | None = None, block_seconds: float = 0) -> None:
        self._temporary = None if data_dir else tempfile.TemporaryDirectory(prefix="devnet-")
        self._data_dir = data_dir or Path(self._temporary.name)  # type: ignore[union-attr]  # one of the two is set
        self._block_seconds = block_seconds
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self._client = httpx.Client(timeout=30)
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._temporary:
            self._temporary.cleanup()

    @property
    def origin(self) -> str:
        """The URL without a path."""
        return self.url.removesuffix("/api/v0")

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts it and waits until it answers; the port stays the same from the first start on."""
        arguments = ["--port", str(self._port), "--data-dir", str(self._data_dir), "--cache", str(CACHE)]
        arguments += ["--block-seconds", str(self._block_seconds), "--exit-with-parent"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "paywall.devnet", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("devnet listening on "), f"the devnet did not start: {line!r}"
        self.url = line.removeprefix("devnet listening on ").strip()
        self._port = httpx.URL(self.url).port or 0
        self._client = httpx.Client(timeout=30)  # without connections to the process before this one

    def stop(self) -> None:
        """Ends it in an orderly way, when it runs."""
        if self._process:
            self._process.terminate()
            self._close()

    def kill(self) -> None:
        """`kill -9`."""
        if self._process:
            self._process.kill()
            self._close()

    def restart(self) -> None:
        """Stops it, when it runs, and starts it on the same port and chain."""
        self.stop()
        self.start()

    def control(self, path: str, body: object = None, method: str = "POST") -> Any:
        """Calls `/devnet/<path>`; raises httpx.HTTPStatusError when it refuses."""
        answer = self._client.request(method, f"{self.origin}/devnet/{path}", json=body or {})
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str) -> Any:
        """Reads a Blockfrost path such as `/blocks/latest`."""
        answer = self.ask(path)
        answer.raise_for_status()
        return answer.json()

    def ask(self, path: str) -> httpx.Response:
        """Like `get`, but returns any answer as it is."""
        return self._client.get(self.url + path)

    def mempool(self) -> list[str]:
        """The ids of the transactions that wait, oldest first."""
        return [entry["tx_hash"] for entry in self.get("/mempool")]

    def submit(self, raw: bytes) -> httpx.Response:
        """Submits signed bytes; returns any answer as it is."""
        return self._client.post(
            f"{self.url}/tx/submit", content=raw, headers={"Content-Type": "application/cbor"}
        )

    def faucet(self, address: str, lovelace: int) -> str:
        """Money, in the next block. Returns the transaction id."""
        return str(self.control("faucet", {"address": address, "lovelace": lovelace})["tx_hash"])

    def blocks(self, count: int = 1, skip_slots: int = 0) -> Any:
        """Makes blocks now; returns the tip."""
        return self.control("blocks", {"count": count, "skip_slots": skip_slots})

    def rollback(self, blocks: int, *, keep: bool = False) -> Any:
        """Removes the newest blocks; their transactions are gone unless `keep`."""
        return self.control("rollback", {"blocks": blocks, "keep": keep})

    def hide(self, *tx_hashes: str) -> None:
        """The answers show nothing of these transactions any more, and everything of those hidden before."""
        self.control("hide", {"transactions": list(tx_hashes)})

    def _close(self) -> None:
        self._client.close()
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()
        self._process = None
