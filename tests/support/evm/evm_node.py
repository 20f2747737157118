"""An EVM in this process (PyPI `eth-tester` over `py-evm`) behind JSON-RPC on loopback, with USDC as on Base Sepolia.

The chain calls itself 84532 and holds the token of `eip3009.vy` at the address of Circle's, so that clients and
facilitators of others pay with what they know. Its code was made once, by `vyper -f bytecode_runtime` 0.4.3. A
transaction is in a block of its own at once.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eth_account import Account
from eth_tester import EthereumTester, PyEVMBackend  # type: ignore[import-untyped]
from eth_tester.exceptions import TransactionFailed  # type: ignore[import-untyped]
from eth_utils.crypto import keccak
from web3 import EthereumTesterProvider, Web3

CHAIN_ID = 84532
NETWORK = f"eip155:{CHAIN_ID}"
USDC = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
CODE = bytes.fromhex((Path(__file__).with_name("eip3009.hex")).read_text().strip()[2:])
#: seconds by which the chain's clock starts behind ours: each block is a second later at least
BEHIND = 600


class EvmNode:
    """Ready when the context is entered. `url` answers JSON-RPC."""

    def __init__(self) -> None:
        state = {bytes.fromhex(USDC[2:]): {"balance": 0, "nonce": 1, "code": CODE, "storage": {}}}
        keys = [
            Account.from_key(number.to_bytes(32)) for number in range(1, 11)
        ]  # the first one calls where nobody is named
        wealth = {"balance": 10**24, "nonce": 0, "code": b"", "storage": {}}
        state |= {bytes.fromhex(key.address[2:]): dict(wealth) for key in keys}
        parameters = PyEVMBackend.generate_genesis_params({"timestamp": int(time.time()) - BEHIND})
        backend = PyEVMBackend(genesis_parameters=parameters, genesis_state=state)
        type(backend.chain).chain_id = CHAIN_ID
        self.tester = EthereumTester(backend)
        self.gas = keys[1]
        self._provider = EthereumTesterProvider(self.tester)
        self._w3 = Web3(self._provider)
        plain = Web3(self._provider, middleware=[])
        self._ask = self._provider.request_func(plain, plain.middleware_onion)
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.answer))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        #: while it is, every question is answered by an error
        self.away = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """What JSON-RPC answers to one call."""
        if self.away:
            return {
                "jsonrpc": "2.0",
                "id": call["id"],
                "error": {"code": -32603, "message": "internal error"},
            }
        with self._lock:
            told = self._told(call["method"], call.get("params", []))
        return {"jsonrpc": "2.0", "id": call["id"], **told}

    def _told(self, method: str, params: Any) -> dict[str, Any]:
        if method == "eth_chainId":
            return {"result": hex(CHAIN_ID)}  # the provider has a constant of its own
        try:
            told = self._ask(method, params)
        except Exception as error:  # noqa: BLE001  whatever it is, a node answers
            return {"error": {"code": -32000, "message": f"{type(error).__name__}: {error}"}}
        return {"error": told["error"]} if "error" in told else {"result": _spelled(told["result"])}

    def mint(self, to: str, amount: int) -> None:
        self.send("mint(address,uint256)", to, amount)

    def take(self, of: str, amount: int) -> None:
        self.send("burn(address,uint256)", of, amount)

    def send(self, function: str, *arguments: Any) -> str:
        """Calls a function of the token; the transaction's hash."""
        with self._lock:
            call = {
                "to": USDC,
                "data": self._data(function, arguments),
                "gas": 500_000,
                "maxFeePerGas": 10**10,
                "maxPriorityFeePerGas": 1,
                "nonce": self._w3.eth.get_transaction_count(self.gas.address),
                "chainId": CHAIN_ID,
                "value": 0,
            }
            signed = self.gas.sign_transaction(call)
            return "0x" + self._w3.eth.send_raw_transaction(signed.raw_transaction).hex().removeprefix("0x")

    def takes(self, function: str, *arguments: Any) -> bool:
        """Whether the token would take it now."""
        with self._lock:
            try:
                self._w3.eth.call({"to": USDC, "data": self._data(function, arguments)})  # type: ignore[typeddict-item]
            except TransactionFailed:
                return False
            return True

    def _data(self, function: str, arguments: Sequence[Any]) -> str:
        kinds = function.partition("(")[2].rstrip(")").split(",")
        return "0x" + (keccak(text=function)[:4] + self._w3.codec.encode(kinds, arguments)).hex()

    def hold(self) -> None:
        """From now on what is sent waits for the next of `blocks`."""
        self.tester.disable_auto_mine_transactions()

    @property
    def time(self) -> int:
        """Of the newest block, in Unix seconds."""
        with self._lock:
            return int(self._w3.eth.get_block("latest")["timestamp"])

    @property
    def tip(self) -> Any:
        """The newest block, to `go_to` it again."""
        with self._lock:
            return self.tester.backend.take_snapshot()

    def go_to(self, tip: Any) -> None:
        """To another fork, as whoever asked before finds it."""
        with self._lock:
            self.tester.backend.revert_to_snapshot(tip)

    def gas_used(self) -> int:
        """By all of its transactions."""
        with self._lock:
            newest = self._w3.eth.block_number
            return sum(self._w3.eth.get_block(number)["gasUsed"] for number in range(newest + 1))

    def balance(self, of: str) -> int:
        call = {"to": USDC, "data": self._data("balanceOf(address)", [of])}
        with self._lock:
            return int.from_bytes(self._w3.eth.call(call))  # type: ignore[arg-type]

    def blocks(self, count: int = 1, *, at: int | None = None) -> None:
        """More of them; the first at Unix second `at`."""
        with self._lock:
            if at is not None:
                self.tester.time_travel(at)
            self.tester.mine_blocks(count)

    @property
    def head(self) -> int:
        with self._lock:
            return int(self._w3.eth.block_number)


def _spelled(value: Any) -> Any:
    """As JSON-RPC writes it."""
    if isinstance(value, Mapping):
        return {name: _spelled(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(entry) for entry in value]
    if isinstance(value, bytes | bytearray):
        return "0x" + bytes(value).hex()
    if isinstance(value, int) and not isinstance(value, bool):
        return hex(value)
    return value


def _handler(answer: Callable[[Mapping[str, Any]], dict[str, Any]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told = json.dumps(answer(json.loads(body))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            return

    return Handler
