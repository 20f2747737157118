"""Sellers on loopback that answer as a test tells them, and keep what they were shown.

Their 402 has the shape that PyPI x402 2.25 gives a seller on Cardano (`accepts` without any name of a request), or
pympp 0.16's challenge.
"""

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.evm.evm_tokens import KNOWN
from shared.tokens import base64url
from tests.support.hostile.serving import serving


class ScriptedSeller:
    """`answers` are given in turn, the last one ever again; `shown` are the payments, "" for none."""

    def __init__(self, *answers: Response | Callable[[], Response]) -> None:
        self._answers = list(answers)
        self.shown: list[str] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        await request.body()
        mpp = request.headers.get("authorization", "")
        self.shown.append(request.headers.get("payment-signature", "") or mpp)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return found if isinstance(found, Response) else found()

    @contextmanager
    def open(self) -> Iterator["ScriptedSeller"]:
        methods = ["GET", "POST"]
        app = Starlette(routes=[Route("/{path:path}", self.answer, methods=methods)])
        with serving(app) as self.url:
            yield self

    @property
    def payments(self) -> set[str]:
        """Those that were shown, each once."""
        return {payment for payment in self.shown if payment}


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def x402(pay_to: str, **changes: Any) -> Response:
    """A 402; a lovelace is nothing to a wallet of the tests."""
    entry = {
        "scheme": "exact",
        "network": "cardano:devnet",
        "amount": "2000000",
        "asset": "lovelace",
        "payTo": pay_to,
        "maxTimeoutSeconds": 600,
        "extra": {},
    }
    return _required([{**entry, **changes}])


def usdc(pay_to: str, **changes: Any) -> Response:
    """A 402 for a dollar on Base Sepolia, as PyPI x402 2.25 gives it."""
    return _required([usdc_entry(pay_to, **changes)])


def usdc_entry(pay_to: str, **changes: Any) -> dict[str, Any]:
    """One of `accepts`."""
    token = KNOWN["eip155:84532"]
    entry = {
        "scheme": "exact",
        "network": "eip155:84532",
        "amount": "1000000",
        "asset": token.address,
        "payTo": pay_to,
        "maxTimeoutSeconds": 300,
        "extra": {"name": token.name, "version": token.version},
    }
    return {**entry, **changes}


def usdc_v1(pay_to: str) -> Response:
    """The same as version 1 has it: in the body, and the network by a name of its own."""
    entry = usdc_entry(pay_to, network="base-sepolia")
    entry["maxAmountRequired"] = entry.pop("amount")
    said = {"x402Version": 1, "error": "payment required", "accepts": [entry]}
    return Response(json.dumps(said), status_code=402, media_type="application/json")


def usdc_mpp(pay_to: str, **changes: Any) -> Response:
    """The same as a challenge of MPP's method `evm`."""
    details = {"chainId": 84532, "decimals": 6, "credentialTypes": ["authorization"], **changes}
    token = KNOWN["eip155:84532"].address
    return _challenge("evm", {"amount": "1000000", "currency": token, "recipient": pay_to}, details)


def _required(accepts: list[dict[str, Any]]) -> Response:
    said = {"x402Version": 2, "resource": {"url": "x"}, "accepts": accepts}
    return Response(status_code=402, headers={"PAYMENT-REQUIRED": encoded(said)})


def mpp(pay_to: str, challenge_id: str = "one", expires: str = "2099-01-01T00:00:00Z") -> Response:
    asked = {"amount": "2000000", "currency": "lovelace", "recipient": pay_to}
    return _challenge("cardano", asked, {"network": "cardano:devnet"}, challenge_id, expires)


def _challenge(
    method: str,
    asked: dict[str, str],
    details: dict[str, Any],
    challenge_id: str = "one",
    expires: str = "2099-01-01T00:00:00Z",
) -> Response:
    request = base64url.encode(json.dumps({**asked, "methodDetails": details}).encode())
    line = (
        f'Payment id="{challenge_id}", realm="r", method="{method}", intent="charge",'
        f' request="{request}", expires="{expires}"'
    )
    return Response(status_code=402, headers={"WWW-Authenticate": line})


def delivered() -> Response:
    told = {"success": True, "transaction": "ab" * 32, "network": "cardano:devnet"}
    return Response("here it is", headers={"PAYMENT-RESPONSE": encoded(told)})


async def endless() -> AsyncIterator[bytes]:
    """50 MB."""
    for _ in range(800):
        yield bytes(65_536)


def broken_off() -> Response:
    """An answer of which only the head arrives."""
    return Response("here", headers={"Content-Length": "10"})
