"""PyPI `x402`'s own facilitator over a node, behind HTTP on loopback, with the faults that real ones have.

It answers as the package's examples do: 200 and the package's JSON.
"""

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

from eth_account import Account
from x402.facilitator import x402FacilitatorSync
from x402.mechanisms.evm import FacilitatorWeb3Signer
from x402.mechanisms.evm.exact import register_exact_evm_facilitator
from x402.schemas import PaymentPayload, PaymentRequirements

from tests.support.evm.evm_node import NETWORK, EvmNode

KEY = (3).to_bytes(32)  # which the node made rich
ADDRESS = Account.from_key(KEY).address
#: what goes wrong with settling: "late" and "lost" settle and then hang, or answer 502; the rest do not settle
Fault = Literal["", "late", "lost", "denied", "hang", "broken", "junk", "liar"]


class X402Facilitator:
    """Ready when the context is entered. `calls` are the paths that were asked for."""

    def __init__(self, node: EvmNode) -> None:
        self.node = node
        signer = FacilitatorWeb3Signer("0x" + KEY.hex(), node.url)
        self._facilitator = register_exact_evm_facilitator(x402FacilitatorSync(), signer, NETWORK)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._answer, self._supported))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.calls: list[str] = []
        self.heads: list[Mapping[str, str]] = []
        self.verify_fault: Fault = ""
        self.settle_fault: Fault = ""
        #: set when what hangs may go on
        self.let_go = threading.Event()
        #: set when it is asked to settle
        self.reached = threading.Event()
        #: set when something was settled, and before that is answered
        self.settled = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str, head: Mapping[str, str], body: Any) -> tuple[int, Any]:
        self.calls.append(path)
        self.heads.append(head)
        payload = PaymentPayload.model_validate(body["paymentPayload"])
        asked = PaymentRequirements.model_validate(body["paymentRequirements"])
        if path == "/verify":
            return self._spoiled(self.verify_fault, lambda: self._facilitator.verify(payload, asked))
        assert path == "/settle"
        self.reached.set()
        return self._spoiled(self.settle_fault, lambda: self._settle(payload, asked))

    def _supported(self) -> Any:
        return self._facilitator.get_supported().model_dump(by_alias=True, exclude_none=True)

    def _settle(self, payload: PaymentPayload, asked: PaymentRequirements) -> Any:
        told = self._facilitator.settle(payload, asked)
        self.settled.set()
        return told

    def _spoiled(self, fault: Fault, do: Callable[[], Any]) -> tuple[int, Any]:
        if fault in {"", "late", "lost", "denied"}:
            told = do().model_dump(by_alias=True, exclude_none=True)
        match fault:
            case "late" | "hang":
                self.let_go.wait()
            case "lost" | "broken":
                return 502, {"error": "bad gateway"}
            case "denied":
                return 200, {
                    "success": False,
                    "errorReason": "transaction_failed",
                    "transaction": "",
                    "network": NETWORK,
                }
            case "liar":
                return 200, {
                    "success": True,
                    "isValid": True,
                    "transaction": "0x" + "ab" * 32,
                    "network": NETWORK,
                }
            case "junk":
                return 200, ["what?"]
        return 200, told if fault != "hang" else {}


def _handler(
    answer: Callable[[str, Mapping[str, str], Any], tuple[int, Any]], supported: Callable[[], Any]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._tell(200, supported())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self._tell(*answer(self.path, dict(self.headers), body))

        def _tell(self, status: int, said: Any) -> None:
            told = json.dumps(said).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)
            except OSError:
                return  # who asked had enough

        def log_message(self, *_: Any) -> None:
            return

    return Handler
