"""A seller made of npm agentcommercekit, in a Node process of its own."""

import json
import subprocess
from types import TracebackType
from typing import Any, Self

import httpx

from tests.support.services.npm_tools import REPOSITORY, npm

SCRIPT = REPOSITORY / "tests" / "conformance" / "ack_server.mjs"


class NpmAckSeller:
    """Ready when the context is entered. It signs with a key of `curve`, which its DID document has in `encoding`."""

    def __init__(self, recipient: str, curve: str = "Ed25519", encoding: str = "jwk") -> None:
        self._settings = {"recipient": recipient, "curve": curve, "encoding": encoding}
        self.url = ""

    def __enter__(self) -> Self:
        tools, text = npm(), SCRIPT.read_text("utf-8")
        self._process = subprocess.Popen(
            [tools.node, "--input-type=module", "--eval", text, json.dumps(self._settings)],
            cwd=tools.folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        assert port, "the Node process ended"
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def claims(self) -> list[dict[str, Any]]:
        """What payers signed for its receipt service, as the package verified it."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/claims").json()
        return found
