"""ACK Lab on loopback: agents with balances, payment requests, payments and receipts, and the faults of a service.

It checks what its SDK sends, and refuses anything else: path, the JWS in `Authorization` (header `alg` and `kid`,
claims `method`, `path` and `bodyHash`, signature by the client's seed, read by PyJWT), the hash of the key-sorted JSON
of the body, and the body's members. Compared with the description of the SDK 0.1.1's source in the project's
reference; the live service was never asked, so what it answers beyond that is this file's own: that a request's issuer
and recipient are the agent's DID, that the same id makes another request, that the same payment is made again.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self

import jwt

from shared.keys import SigningKey, did_document, did_web
from tests.support.acklab import lab_papers

#: what goes wrong: "lost" does it and hangs up, "late" does it and hangs, "slow" does it and answers when it is let go;
#: the rest do nothing
LabFault = Literal["", "lost", "late", "slow", "hang", "broken", "junk", "refused"]


@dataclass
class LabAgent:
    """An agent and the client that calls for it; `cents` are its money."""

    id: str
    client_id: str
    secret: str
    cents: int = 0
    key: SigningKey = field(default_factory=SigningKey.generate)

    @property
    def did(self) -> str:
        return self.key.public.did


class _Refused(Exception):
    """Status and the envelope's error."""


class AckLab:
    """Ready when the context is entered. `calls` are the paths that were called as they must be."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _lab_handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.issuer = SigningKey.generate()
        #: whom its payment requests name as the issuer of their receipts
        self.issuer_did = self.issuer.public.did
        self.seller = LabAgent("agent-seller", "client-seller", "a1" * 32)
        self.buyer = LabAgent("agent-buyer", "client-buyer", "b2" * 32, cents=100_00)
        self.calls: list[str] = []
        #: (id of the request, payer) of each payment
        self.payments: list[tuple[str, str]] = []
        self.fault: LabFault = ""
        #: the last part of the paths that it goes wrong at; empty for every call
        self.faulty = ""
        #: of the claims of the payment requests that it makes from now on
        self.spoiled: dict[str, Any] = {}
        #: set when what hangs may go on
        self.let_go = threading.Event()
        #: set when a payment or a payment request was made, and when a call was begun
        self.paid, self.requested, self.reached = (threading.Event() for _ in range(3))
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def go_on(self) -> None:
        """Nothing goes wrong any more."""
        self.fault = ""
        self.let_go.set()

    def stop(self) -> None:
        """Nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()

    def start_again(self) -> None:
        """Behind `stop`, at the same address."""
        self._server = ThreadingHTTPServer(self._server.server_address[:2], _lab_handler(self))
        self.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go.set()
        self.stop()

    @property
    def web_did(self) -> str:
        """The issuer's other name, whose document is here."""
        return did_web(self.url)

    def document(self) -> bytes:
        return json.dumps(did_document(self.web_did, [self.issuer.public])).encode()

    def answer(self, method: str, path: str, authorization: str, raw: bytes) -> tuple[int, bytes] | None:
        """Status and body; None hangs up."""
        fault = self.fault if path.endswith(self.faulty) else ""
        self.reached.set()
        match fault:
            case "hang":
                self.let_go.wait()
                return None
            case "broken":
                return 502, b"bad gateway"
            case "junk":
                return 200, b"<html>welcome</html>"
            case "refused":
                return 403, _refusal("the policy does not allow it", "policy")
        try:
            with self._lock:
                data = self._done(method, path, authorization, raw)
        except _Refused as refused:
            return int(refused.args[0]), _refusal(str(refused.args[1]), "validation")
        if fault in {"late", "slow"}:
            self.let_go.wait()
        return None if fault in {"lost", "late"} else (200, json.dumps({"ok": True, "data": data}).encode())

    def _done(self, method: str, path: str, authorization: str, raw: bytes) -> dict[str, Any]:
        agent = self._caller(method, path, authorization, raw)
        kind = path.removeprefix(f"/v1/agents/{agent.id}/")
        body = json.loads(raw) if raw else {}
        self.calls.append(kind)
        match method, kind:
            case "POST", "payment-requests":
                return self._request_made(agent, body)
            case "POST", "payments":
                return self._paid(agent, body)
        raise _Refused(404, "no such route")

    def _caller(self, method: str, path: str, authorization: str, raw: bytes) -> LabAgent:
        """The agent of the client that signed the call."""
        token = authorization.removeprefix("Bearer ")
        head = jwt.get_unverified_header(token)
        agents = {agent.client_id: agent for agent in (self.seller, self.buyer)}
        agent = agents.get(head.get("kid", ""))
        if head != {"alg": "EdDSA", "kid": head.get("kid")} or agent is None:
            raise _Refused(401, "unknown client")
        public = SigningKey.from_seed(bytes.fromhex(agent.secret)).public.native
        try:
            claims = jwt.decode(token, public, algorithms=["EdDSA"])
        except jwt.InvalidTokenError:
            raise _Refused(401, "bad signature") from None
        hashed = json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = sha256(hashed.encode() if raw else b"").hexdigest()
        if claims != {"method": method, "path": path, "bodyHash": digest}:
            raise _Refused(401, "signed for another call")
        if not path.startswith(f"/v1/agents/{agent.id}/"):
            raise _Refused(403, "another client's agent")
        return agent

    def _request_made(self, agent: LabAgent, body: dict[str, Any]) -> dict[str, Any]:
        known = {"id", "amount", "currencyCode", "description"}
        if not body.keys() <= known or body.get("currencyCode") != "USD":
            raise _Refused(400, "schema")
        if type(body.get("amount")) is not int or body["amount"] < 1:
            raise _Refused(400, "schema")
        asked = lab_papers.option(
            body["amount"], agent.did, paymentService=self.url, receiptService=self.issuer_did
        )
        now = int(time.time())
        token = lab_papers.payment_request(
            agent.key, body["id"], [asked], now, **{"exp": now + 3600, **self.spoiled}
        )
        self.requested.set()
        return {"paymentRequestToken": token, "url": f"{self.url}/pay/{body['id']}"}

    def _paid(self, agent: LabAgent, body: dict[str, Any]) -> dict[str, Any]:
        token = body.get("paymentRequestToken")
        try:
            claims = jwt.decode(str(token), self.seller.key.public.native, algorithms=["EdDSA"])
        except jwt.InvalidTokenError:
            raise _Refused(400, "not a payment request of an agent here") from None
        asked = claims["paymentOptions"][0]
        if agent.cents < asked["amount"]:
            raise _Refused(402, "insufficient balance")
        agent.cents -= asked["amount"]
        self.seller.cents += asked["amount"]
        self.payments.append((claims["id"], agent.did))
        self.paid.set()
        return {
            "receipt": lab_papers.receipt(self.issuer, agent.did, str(token), int(time.time()), asked["id"])
        }


def _refusal(error: str, kind: str) -> bytes:
    return json.dumps({"ok": False, "error": error, "issues": [{"kind": kind}]}).encode()


def _lab_handler(lab: AckLab) -> type[BaseHTTPRequestHandler]:
    class LabHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            told = lab.answer("POST", self.path, self.headers.get("authorization", ""), raw)
            if told is None:
                self.close_connection = True
                return
            status, body = told
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return  # who asked had enough

        def do_GET(self) -> None:
            there = self.path == "/.well-known/did.json" and lab.fault == ""
            body = lab.document() if there else b"{}"
            self.send_response(200 if there else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    return LabHandler
